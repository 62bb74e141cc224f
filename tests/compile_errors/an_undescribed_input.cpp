// Says: the input of a handler is a struct that BOOST_DESCRIBE_STRUCT describes

namespace shop {

awaitable<thing> get(services&, undescribed);
void add_routes(larder::app& at) { at.get("/things/{id}", get); }

}  // namespace shop
