// Says nothing: all of it is as it should be.

namespace shop {

void add_routes(larder::app& at) {
    at.get("/things/{id}", read | cached(things(&which::id)) | before(signed_in));
    at.put("/things/{id}",
           write | invalidates(things(&thing::id)) | larder::preconditions_on(read));
    at.get("/own/{id}", read_own | cached(own_things(&own::id, &own::person)) | before(signed_in));
    at.get("/translated/{id}",
           read_translated | cached(own_things(&translated::id, &translated::x_language)));
}

}  // namespace shop
