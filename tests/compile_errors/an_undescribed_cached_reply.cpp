// Says: the reply of a handler is a struct that BOOST_DESCRIBE_STRUCT describes

namespace shop {

awaitable<undescribed> get(services&, which);
void add_routes(larder::app& at) { at.get("/things/{id}", get | cached(things(&which::id))); }

}  // namespace shop
