// Says: the key of a cached handler has each member of its input that is from a header

namespace shop {

void add_routes(larder::app& at) {
    at.get("/things/{id}", read_translated | cached(things(&translated::id)));
}

}  // namespace shop
