// Says: the_member_of_a_key_is_not_described

namespace shop {

void add_routes(larder::app& at) { at.get("/things/{id}", read | cached(things(&which::secret))); }

}  // namespace shop
