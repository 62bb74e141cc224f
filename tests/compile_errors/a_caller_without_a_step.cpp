// Says: the input has a member from the caller, and no before(...) says who it is

namespace shop {

void add_routes(larder::app& at) { at.get("/things/{id}", read_own); }

}  // namespace shop
