// Says: the members of a key are of a struct that BOOST_DESCRIBE_STRUCT describes

namespace shop {

constexpr auto by_id = things(&undescribed::id);

}  // namespace shop
