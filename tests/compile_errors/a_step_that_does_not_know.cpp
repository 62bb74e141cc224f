// Says: a member of the input that is from the caller is a member of what the step before it
// returns

namespace shop {

awaitable<larder::no_content> remove(services&, of_another);
void add_routes(larder::app& at) {
    at.del("/things/{id}", remove | invalidates(larder::nothing) | before(signed_in));
}

}  // namespace shop
