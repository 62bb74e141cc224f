// Says: a_write_says_what_it_makes_untrue_by_invalidates

namespace shop {

void add_routes(larder::app& at) { at.del("/things/{id}", write); }

}  // namespace shop
