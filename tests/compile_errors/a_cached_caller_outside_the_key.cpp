// Says: the key of a cached handler has each member of its input that is from the caller

namespace shop {

void add_routes(larder::app& at) {
    at.get("/things/{id}", read_own | cached(things(&own::id)) | before(signed_in));
}

}  // namespace shop
