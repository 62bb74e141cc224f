// Says: each member of the input of preconditions_on

namespace shop {

void add_routes(larder::app& at) {
    at.put("/things/{id}",
           write | invalidates(things(&thing::id)) | larder::preconditions_on(read_translated));
}

}  // namespace shop
