// Says: a_parameter_in_the_path_is_a_struct_or_a_list

namespace shop {

struct wanted {
    thing one;
};
BOOST_DESCRIBE_STRUCT(wanted, (), (one))

awaitable<thing> store(services&, wanted);
void add_routes(larder::app& at) { at.put("/things/{one}", store | invalidates(larder::nothing)); }

}  // namespace shop
