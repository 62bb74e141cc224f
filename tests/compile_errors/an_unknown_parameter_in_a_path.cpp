// Says: a_parameter_in_the_path_is_no_member_of_the_input

namespace shop {

void add_routes(larder::app& at) { at.get("/things/{number}", read); }

}  // namespace shop
