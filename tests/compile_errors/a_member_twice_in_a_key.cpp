// Says: a_member_is_in_the_key_twice

namespace shop {

constexpr larder::cache::key pairs{"pairs", larder::cache::depends_on{"pairs"}};
constexpr auto by_pair = pairs.with_parameters(2)(&which::id, &which::id);

}  // namespace shop
