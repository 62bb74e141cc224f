// Says: before(...) comes behind cached(...), or who is not let in would be answered

namespace shop {

constexpr auto get = read | before(signed_in) | cached(things(&which::id));

}  // namespace shop
