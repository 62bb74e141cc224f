// A service of one table: books, and the editions of a title, that are read through the cache, and
// written with PUT, PATCH and DELETE. Its argument is the port; PG_SERVICE_URI names a database
// with the table
//
//     CREATE TABLE books (isbn text PRIMARY KEY, title text NOT NULL, bound text NOT NULL,
//                         authors text[] NOT NULL, printed date, price numeric(12,2) NOT NULL)
//
// and VALKEY_SERVICE_URI a Valkey. With CACHE_FOLLOW=auto, or trigger, it sees what others write.
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "larder/app.hpp"
#include "larder/percent.hpp"
#include "larder/process_log.hpp"
#include "larder/transaction.hpp"

namespace bookshop {

using money = larder::decimal<12, 2>;

enum class binding { paperback, hardcover };
BOOST_DESCRIBE_ENUM(binding, paperback, hardcover)

struct book {
    std::string isbn;
    std::string title;
    binding bound{};
    std::vector<std::string> authors;
    std::optional<larder::date> printed;
    money price;
};
BOOST_DESCRIBE_STRUCT(book, (), (isbn, title, bound, authors, printed, price))

struct which_book {
    std::string isbn;
};
BOOST_DESCRIBE_STRUCT(which_book, (), (isbn))

struct which_editions {
    std::string title;
    std::optional<binding> bound;
};
BOOST_DESCRIBE_STRUCT(which_editions, (), (title, bound))

struct edition {
    std::string isbn;
    binding bound{};
    money price;
};
BOOST_DESCRIBE_STRUCT(edition, (), (isbn, bound, price))

struct edition_list {
    std::vector<edition> editions;
};
BOOST_DESCRIBE_STRUCT(edition_list, (), (editions))

struct which_page {
    std::optional<std::string> author;
    std::optional<std::int32_t> limit;
    std::optional<std::string> after;  // the number of the last book on the page before
};
BOOST_DESCRIBE_STRUCT(which_page, (), (author, limit, after))

struct listed {
    std::string isbn;
    std::string title;
    money price;
};
BOOST_DESCRIBE_STRUCT(listed, (), (isbn, title, price))

struct page {
    std::vector<listed> books;
};
BOOST_DESCRIBE_STRUCT(page, (), (books))

struct new_book {
    std::string isbn;
    std::string title;
    binding bound{};
    std::string author;
    std::optional<larder::date> printed;
    money price;
};
BOOST_DESCRIBE_STRUCT(new_book, (), (isbn, title, bound, author, printed, price))

struct new_price {
    std::string isbn;
    money price;
};
BOOST_DESCRIBE_STRUCT(new_price, (), (isbn, price))

struct reprint {
    std::string isbn;
    std::string new_isbn;
    money price;
};
BOOST_DESCRIBE_STRUCT(reprint, (), (isbn, new_isbn, price))

/// book:<isbn>, for ten minutes, or for ten seconds if there is none; untrue once that row of books
/// changes.
constexpr auto one_book =
    larder::cache::key{"book", larder::cache::depends_on{"books", "isbn"}}.with(
        {.ttl = std::chrono::minutes{10}, .negative_ttl = std::chrono::seconds{10}});

/// editions:<title>:<bound>, and editions:<title>:all of both bindings, for five minutes.
constexpr auto editions =
    larder::cache::key{"editions", larder::cache::depends_on{"books", "title", "bound"}}.with_ttl(
        std::chrono::minutes{5});

/// pages:<author>:<limit>:<after>; any row of books makes all of them untrue, as no column says on
/// which pages a book is.
constexpr auto pages =
    larder::cache::key{"pages", larder::cache::depends_on{"books"}}.with_parameters(3);

constexpr larder::pg::statement find_page{
    "SELECT isbn, title, price FROM books WHERE ($1::text IS NULL OR $1 = ANY (authors))"
    " AND isbn > coalesce($3, '') ORDER BY isbn LIMIT greatest(1, least(100, coalesce($2, 20)))",
    true};
constexpr larder::pg::statement find_editions{
    "SELECT isbn, bound, price FROM books WHERE title = $1 AND bound = coalesce($2, bound)"
    " ORDER BY isbn",
    true};
constexpr larder::pg::statement edition_of{"SELECT title, bound FROM books WHERE isbn = $1", true};
constexpr larder::pg::statement find{
    "SELECT isbn, title, bound, authors, printed, price FROM books WHERE isbn = $1", true};
constexpr larder::pg::statement put{
    "INSERT INTO books (isbn, title, bound, authors, printed, price)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (isbn) DO UPDATE SET authors = $4, printed = $5, price = $6"
    " WHERE books.title = $2 AND books.bound = $3 RETURNING xmax = 0 AS is_new"};
constexpr larder::pg::statement set_price{
    "UPDATE books SET price = $2 WHERE isbn = $1"
    " RETURNING isbn, title, bound, authors, printed, price"};
constexpr larder::pg::statement remove_book{
    "DELETE FROM books WHERE isbn = $1 RETURNING title, bound"};
constexpr larder::pg::statement take_book{
    "DELETE FROM books WHERE isbn = $1 RETURNING isbn, title, bound, authors, printed, price"};
constexpr larder::pg::statement add_book{
    "INSERT INTO books (isbn, title, bound, authors, printed, price)"
    " VALUES ($1, $2, $3, $4, current_date, $5)"
    " RETURNING isbn, title, bound, authors, printed, price"};

struct removed {
    std::string title;
    binding bound{};
};
BOOST_DESCRIBE_STRUCT(removed, (), (title, bound))

struct stored {
    bool is_new = false;
};
BOOST_DESCRIBE_STRUCT(stored, (), (is_new))

larder::awaitable<std::optional<book>> get_book(larder::services& at, which_book which) {
    auto found = co_await at.db.maybe<book>(find, which.isbn);
    co_return found;
}

larder::awaitable<edition_list> get_editions(larder::services& at, which_editions which) {
    auto found = co_await at.db.many<edition>(find_editions, which.title, which.bound);
    co_return edition_list{std::move(found)};
}

larder::awaitable<page> get_page(larder::services& at, which_page which) {
    auto found = co_await at.db.many<listed>(find_page, which.author, which.limit, which.after);
    co_return page{std::move(found)};
}

larder::awaitable<larder::created<book>> put_book(larder::services& at, new_book b) {
    const std::vector<std::string> authors(1, b.author);
    const auto done =
        co_await at.db.maybe<stored>(put, b.isbn, b.title, b.bound, authors, b.printed, b.price);
    if (!done) throw larder::http::error(409, "Another book has this number");
    co_return larder::created<book>{
        .value = {b.isbn, b.title, b.bound, authors, b.printed, b.price},
        .location = done->is_new ? "/books/" + larder::percent_encode(b.isbn) : ""};
}

larder::awaitable<std::optional<book>> patch_price(larder::services& at, new_price p) {
    auto changed = co_await at.db.maybe<book>(set_price, p.isbn, p.price);
    co_return changed;
}

// Which lists the book was in, only the row says that is deleted.
larder::awaitable<larder::no_content> delete_book(larder::services& at, which_book which) {
    auto change = co_await larder::transaction::begin(at);
    const auto gone = co_await change.maybe<removed>(remove_book, which.isbn);
    if (!gone) throw larder::http::error(404, "There is no such book");
    change.breaks(one_book, which.isbn);
    change.breaks(editions, gone->title, gone->bound);
    change.breaks(pages);
    co_await change.commit();
    co_return larder::no_content{};
}

// Of two statements both are made or none: a book that is printed anew has another number.
larder::awaitable<book> reprint_book(larder::services& at, reprint r) {
    auto change = co_await larder::transaction::begin(at);
    const auto old = co_await change.maybe<book>(take_book, r.isbn);
    if (!old) throw larder::http::error(404, "There is no such book");
    auto made = co_await change.one<book>(add_book, r.new_isbn, old->title, old->bound,
                                          old->authors, r.price);
    change.breaks(one_book, r.isbn);
    change.breaks(one_book, r.new_isbn);
    change.breaks(editions, old->title, old->bound);
    change.breaks(pages);
    co_await change.commit();
    co_return made;
}

void add_routes(larder::app& at) {
    using larder::cached, larder::invalidates, larder::found_by, larder::preconditions_on;
    at.get("/books/{isbn}", get_book | cached(one_book(&which_book::isbn)));
    at.get("/editions/{title}",
           get_editions | cached(editions(&which_editions::title, &which_editions::bound)));
    at.get("/books",
           get_page | cached(pages(&which_page::author, &which_page::limit, &which_page::after)));

    at.put("/books/{isbn}",
           put_book |
               invalidates(one_book(&new_book::isbn), editions(&new_book::title, &new_book::bound),
                           pages.every_entry()) |
               preconditions_on(get_book));
    at.patch("/books/{isbn}", patch_price | invalidates(one_book(&new_price::isbn),
                                                        found_by<std::string, binding>(
                                                            editions, edition_of, &new_price::isbn),
                                                        pages.every_entry()));
    // What it makes untrue its transaction says.
    at.del("/books/{isbn}",
           delete_book | invalidates(larder::nothing) | preconditions_on(get_book));
    at.post("/books/{isbn}/reprint", reprint_book |
                                         larder::on_violation("books_pkey", &reprint::new_isbn,
                                                              "Another book has this number") |
                                         invalidates(larder::nothing));
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

larder::following following_of(std::string_view word) {
    if (word == "auto") return larder::following::automatic;
    return word == "trigger" ? larder::following::triggers : larder::following::off;
}

}  // namespace bookshop

int main(int argc, char** argv) {
    using namespace bookshop;
    const larder::process_log log{{.level = "info"}};
    auto source = larder::pg::conninfo::parse(variable("PG_SERVICE_URI"));
    auto shared = larder::valkey::parse_uri(variable("VALKEY_SERVICE_URI"));
    const auto follow = following_of(variable("CACHE_FOLLOW"));
    const std::string_view given = argc == 2 ? argv[1] : "";
    std::uint16_t port = 0;
    const auto read = std::from_chars(given.data(), given.data() + given.size(), port);
    const bool is_port = read.ec == std::errc{} && read.ptr == given.data() + given.size();
    if (!source || !shared || !is_port) {
        std::cerr << "usage: bookshop PORT, with the URIs of two servers in PG_SERVICE_URI and "
                     "VALKEY_SERVICE_URI\n";
        return 64;
    }
    try {
        larder::app service{{.name = "bookshop",
                             .port = port,
                             .source = larder::pg::pool_options{.server = *source},
                             .shared = larder::valkey::client_options{.server = *shared},
                             .follow = follow}};
        add_routes(service);
        // Once, as the table's owner: so PostgreSQL tells what others change.
        if (follow != larder::following::off) service.follow(larder::follow_command::setup);
        return service.run();
    } catch (const std::exception& e) {
        std::cerr << "bookshop: " << e.what() << '\n';
        return 1;
    }
}
