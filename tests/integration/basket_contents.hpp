// What baskets hold, products cost and vouchers save, as the test knows it, and how that is
// changed. No I/O.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "basket_service.hpp"
#include "larder/check/history.hpp"

namespace larder::test {

using check::instant, check::verdict, check::write_times;

struct item_key {
    int basket = 0, product = 0;
    auto operator<=>(const item_key&) const = default;
};

struct change {
    std::map<int, long> prices;          ///< in cents, by product
    std::map<item_key, int> quantities;  ///< 0: the item is removed
    std::map<int, int> percents{};       ///< by voucher

    bool has_any_of(const change& other) const {
        return std::ranges::any_of(
                   prices, [&](const auto& one) { return other.prices.contains(one.first); }) ||
               std::ranges::any_of(quantities, [&](const auto& one) {
                   return other.quantities.contains(one.first);
               });
    }
};

inline std::string title_of(int product) { return "product " + std::to_string(product); }

inline std::string money(long cents) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%ld.%02ld", cents / 100, cents % 100);
    return text.data();
}

/// What the service has to answer behind the lines. It rounds to cents.
inline std::string costs_of(long net, int voucher = 0, int percent = 0) {
    const auto discount = (net * percent + 50) / 100, tax = ((net - discount) * 19 + 50) / 100;
    const bool has_one = voucher != 0;
    return R"(,"net":)" + money(net) + R"(,"voucher":)" +
           (has_one ? '"' + code_of(voucher) + '"' : "null") + R"(,"percent":)" +
           (has_one ? std::to_string(percent) : "null") + R"(,"discount":)" + money(discount) +
           R"(,"tax":)" + money(tax) + R"(,"total":)" + money(net - discount + tax) + '}';
}

/// The two cached values that an answer with a voucher is made of. Either has changes of its own.
struct price_parts {
    std::string without;  ///< the answer without the voucher
    std::string percent;

    /// Nothing if they do not make up this answer.
    static std::optional<price_parts> of(const std::string& answer, int voucher) {
        const std::string_view before_net = R"(,"net":)", before_percent = R"("percent":)";
        const auto net_at = answer.find(before_net), percent_at = answer.find(before_percent);
        if (net_at == std::string::npos || percent_at == std::string::npos) return std::nullopt;
        auto net = answer.substr(net_at + before_net.size(),
                                 answer.find(R"(,"voucher")") - net_at - before_net.size());
        std::erase(net, '.');
        const auto cents = std::strtol(net.c_str(), nullptr, 10);
        const auto percent = std::atoi(answer.c_str() + percent_at + before_percent.size());
        const auto lines = answer.substr(0, net_at);
        if (answer != lines + costs_of(cents, voucher, percent)) return std::nullopt;
        return price_parts{lines + costs_of(cents), std::to_string(percent)};
    }
};

struct contents {
    std::map<int, long> prices;
    std::map<item_key, int> quantities;
    std::map<int, int> percents{};

    contents with(const change& made) const {
        auto then = *this;
        for (const auto& [product, price] : made.prices) then.prices[product] = price;
        for (const auto& [item, quantity] : made.quantities)
            if (quantity > 0) then.quantities[item] = quantity;
            else then.quantities.erase(item);
        for (const auto& [voucher, percent] : made.percents) then.percents[voucher] = percent;
        return then;
    }
    bool has(const change& made) const {
        const auto then = with(made);
        return then.prices == prices && then.quantities == quantities && then.percents == percents;
    }
    long total_of(int basket) const {
        long total = 0;
        for (const auto& [item, quantity] : quantities)
            if (item.basket == basket) total += quantity * prices.at(item.product);
        return total;
    }
    /// What the service has to answer. Products have titles in the order of their numbers.
    std::string price_of(int basket) const {
        std::string lines;
        for (const auto& [item, quantity] : quantities) {
            if (item.basket != basket) continue;
            const auto price = prices.at(item.product);
            lines.append(lines.empty() ? "" : ",")
                .append(R"({"title":")" + title_of(item.product))
                .append(R"(","quantity":)" + std::to_string(quantity))
                .append(R"(,"price":)" + money(price))
                .append(R"(,"sum":)" + money(quantity * price) + '}');
        }
        return R"({"lines":[)" + lines + ']' + costs_of(total_of(basket));
    }
};

/// The values of a list, as in `(1, 2.50), (2, 3.00)`.
template <class Rows, class Text>
std::string joined(const Rows& rows, Text&& text) {
    std::string all;
    for (const auto& one : rows) all += (all.empty() ? "" : ", ") + text(one);
    return all;
}

/// As somebody with psql writes it, in one transaction.
inline std::string sql_of(const change& what, const contents& before) {
    std::string text;
    if (!what.prices.empty())
        text += "UPDATE products SET price = v.price FROM (VALUES " +
                joined(what.prices,
                       [](const auto& one) {
                           return "(" + std::to_string(one.first) + ", " + money(one.second) + ")";
                       }) +
                ") v(id, price) WHERE prod_id = v.id;";
    for (const auto& [item, quantity] : what.quantities) {
        const auto where = " WHERE basketid = " + std::to_string(item.basket) +
                           " AND prod_id = " + std::to_string(item.product) + ";";
        if (quantity == 0) text += "DELETE FROM basket_items" + where;
        else if (before.quantities.contains(item))
            text += "UPDATE basket_items SET quantity = " + std::to_string(quantity) + where;
        else
            text += "INSERT INTO basket_items VALUES (" + std::to_string(item.basket) + ", " +
                    std::to_string(item.product) + ", " + std::to_string(quantity) + ");";
    }
    for (const auto& [voucher, percent] : what.percents)
        text += "UPDATE vouchers SET percent = " + std::to_string(percent) + " WHERE code = '" +
                code_of(voucher) + "';";
    return text;
}

/// A request of the service that makes a change of one price or one quantity.
inline std::string request_of(const change& what) {
    std::string method = "PATCH", path, body;
    if (!what.prices.empty()) {
        path = product_path(what.prices.begin()->first);
        body = R"({"price":)" + money(what.prices.begin()->second) + '}';
    } else {
        const auto& [item, quantity] = *what.quantities.begin();
        path = item_path(item.basket, item.product);
        method = quantity > 0 ? "PUT" : "DELETE";
        if (quantity > 0) body = R"({"quantity":)" + std::to_string(quantity) + '}';
    }
    const auto type = body.empty() ? "" : "content-type: application/json\r\n";
    return method + ' ' + path + " HTTP/1.1\r\nhost: baskets\r\n" + type +
           "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A change that was made, by the service or past it.
struct made_change {
    change what;
    bool by_service = true;
    /// Nobody told its writer: that it was made was found at `acknowledged`.
    bool was_found = false;
    instant begun, acknowledged;
};

/// Which the service has no route to change: it is done past it, one after the other.
class voucher_list {
public:
    static constexpr int size = 3;

    voucher_list() {
        for (int voucher = 1; voucher <= size; ++voucher) now_.percents[voucher] = voucher;
        began_with_ = now_;
    }
    const contents& now() const { return now_; }

    /// A voucher has each percent once before one comes again.
    change next(int voucher) const {
        return {.prices = {},
                .quantities = {},
                .percents = {{voucher, now_.percents.at(voucher) % 100 + 1}}};
    }
    void add(made_change one) {
        now_ = now_.with(one.what);
        steps_.push_back({std::move(one)});
    }
    const std::vector<std::vector<made_change>>& steps() const { return steps_; }

    template <class Due>
    std::map<int, check::history> histories(Due&& due) const {
        std::map<int, check::history> all;
        for (const auto& [voucher, percent] : began_with_.percents)
            all.emplace(voucher, check::history{std::to_string(percent)});
        for (const auto& step : steps_)
            for (const auto& one : step)
                for (const auto& [voucher, percent] : one.what.percents)
                    all.at(voucher).add({one.begun, one.acknowledged, due(one)},
                                        std::to_string(percent));
        return all;
    }

private:
    contents began_with_, now_;
    std::vector<std::vector<made_change>> steps_;
};

/// Baskets and products that have nothing to do with those of other groups. At most two changes of
/// it are made at the same time, of different prices and quantities.
class basket_group {
public:
    static constexpr int products = 4, baskets = 5;

    basket_group(int number, unsigned seed) : first_{number * 100 + 1}, chance_{seed} {
        for (int p = 0; p < products; ++p) now_.prices[first_ + p] = new_price();
        for (int b = 0; b < baskets; ++b) {
            for (int p = 0; p < products; p += 1 + b % 2)
                now_.quantities[{first_ + b, first_ + p}] = new_quantity();
            seen_[first_ + b].insert(now_.total_of(first_ + b));
        }
        began_with_ = now_;
    }

    const contents& now() const { return now_; }
    std::mt19937& chance() { return chance_; }
    int below(int n) { return std::uniform_int_distribution{0, n - 1}(chance_); }
    std::vector<int> all_baskets() const {
        std::vector<int> all(baskets);
        std::iota(all.begin(), all.end(), first_);
        return all;
    }
    int any_basket() { return first_ + below(baskets); }

    change one_price_or_quantity() {
        const item_key item{any_basket(), first_ + below(products)};
        const auto roll = below(20);
        if (roll < 7) return {.prices = {{item.product, new_price()}}};
        if (roll < 12 && now_.quantities.contains(item)) return {.quantities = {{item, 0}}};
        return {.quantities = {{item, new_quantity()}}};
    }
    change several() {
        change all;
        if (below(4) == 0)
            for (int p = 0; p < products; ++p) all.prices[first_ + p] = new_price();
        for (int n = 1 + below(3); n > 0; --n) {
            auto one = one_price_or_quantity();
            all.prices.merge(one.prices);
            all.quantities.merge(one.quantities);
        }
        return all;
    }
    /// All items are removed, and there are others.
    change other_items() {
        change all;
        for (const auto& [item, quantity] : now_.quantities) all.quantities[item] = 0;
        for (int b = 0; b < baskets; ++b)
            all.quantities[{first_ + b, first_ + below(products)}] = new_quantity();
        return all;
    }
    /// Whether each basket has totals that it never had, after each of these changes and after all
    /// of them, where it has another price at all. Then it never has them again.
    bool take(const std::vector<change>& at_once) {
        std::vector<contents> thens;
        auto all = now_;
        for (const auto& one : at_once) {
            thens.push_back(now_.with(one));
            all = all.with(one);
        }
        thens.push_back(all);
        std::set<std::pair<int, long>> totals;
        for (const auto& then : thens)
            for (auto& [basket, seen] : seen_) {
                if (then.price_of(basket) == now_.price_of(basket)) continue;
                if (seen.contains(then.total_of(basket))) return false;
                totals.emplace(basket, then.total_of(basket));
            }
        for (const auto& [basket, total] : totals) seen_[basket].insert(total);
        return !totals.empty();
    }
    /// What became of them: those that were made.
    void add(std::vector<made_change> at_once) {
        for (const auto& one : at_once) now_ = now_.with(one.what);
        if (!at_once.empty()) steps_.push_back(std::move(at_once));
    }

    const std::vector<std::vector<made_change>>& steps() const { return steps_; }

    /// The prices of its baskets. `due(change)` says from when on nobody may lack it.
    template <class Due>
    std::map<int, check::history> histories(Due&& due) const {
        std::map<int, check::history> all;
        for (const auto& [basket, seen] : seen_)
            all.emplace(basket, check::history{began_with_.price_of(basket)});
        const auto times = [&](const made_change& one) {
            return write_times{one.begun, one.acknowledged, due(one)};
        };
        auto before = began_with_;
        for (const auto& step : steps_) {
            const auto& a = step.front();
            const auto& b = step.back();
            const auto only_a = before.with(a.what), only_b = before.with(b.what);
            const auto both = only_a.with(b.what);
            for (auto& [basket, history] : all) {
                const auto price = before.price_of(basket), by_a = only_a.price_of(basket),
                           by_b = only_b.price_of(basket), by_both = both.price_of(basket);
                const bool a_counts = by_a != price || by_both != by_b;
                const bool b_counts = by_b != price || by_both != by_a;
                if (step.size() == 2 && a_counts && b_counts)
                    history.add_two(times(a), times(b), by_a, by_b, by_both);
                else if (by_a != price) history.add(times(a), by_a);
                else if (by_b != price) history.add(times(b), by_b);
            }
            before = both;
        }
        return all;
    }

private:
    long new_price() { return 1 + below(1'000'000); }
    int new_quantity() { return 1 + below(1'000); }

    const int first_;
    std::mt19937 chance_;
    contents began_with_, now_;
    std::map<int, std::set<long>> seen_;  // totals, by basket
    std::vector<std::vector<made_change>> steps_;
};

}  // namespace larder::test
