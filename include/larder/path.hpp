// The path of a route, with parameters that are members of the handler's input.
#pragma once

#include <cstddef>
#include <string_view>

#include "larder/described.hpp"

namespace LARDER_NAMESPACE {

namespace detail {

/// The name of the first `{name}` in the path, whose rest is then what stands behind it; empty if
/// there is none.
constexpr std::string_view take_parameter(std::string_view& path) {
    const auto from = path.find('{');
    if (from == std::string_view::npos) return {};
    path.remove_prefix(from + 1);
    const auto name = path.substr(0, path.find('}'));
    path.remove_prefix(name.size());
    return name;
}

template <described T>
constexpr bool has_member(std::string_view name) {
    bool is_there = false;
    for_each_member<T>([&](auto member) { is_there = is_there || member.name == name; });
    return is_there;
}

template <described T>
constexpr bool is_one_value_in(std::string_view name) {
    bool is_one = true;
    for_each_member<T>([&]<class M>(member_of<T, M> member) {
        if (member.name == name && !is_one_value<M>) is_one = false;
    });
    return is_one;
}

// A call of one is what the compiler shows for a path that is wrong.
void a_parameter_in_the_path_is_no_member_of_the_input();
void a_parameter_in_the_path_is_a_struct_or_a_list();
void a_path_begins_with_a_slash();
void a_parameter_is_in_the_path_twice();
void a_parameter_in_a_path_is_a_whole_segment();

}  // namespace detail

/// A path such as `/baskets/{basketid}/price`, where `basketid` is a member of Input; checked when
/// it is compiled. A parameter is a whole segment, which is not empty.
template <described Input>
class path_of {
public:
    consteval path_of(const char* text) : text_(text) {  // a literal where a path is asked for
        if (!text_.starts_with('/')) detail::a_path_begins_with_a_slash();
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (text_[i] == '{' && text_[i - 1] != '/')
                detail::a_parameter_in_a_path_is_a_whole_segment();
            if (text_[i] == '}' && i + 1 < text_.size() && text_[i + 1] != '/')
                detail::a_parameter_in_a_path_is_a_whole_segment();
        }
        std::size_t open = 0, closed = 0;
        for (const char c : text_) {
            if (c == '{') ++open;
            if (c == '}') ++closed;
        }
        if (open != closed) detail::a_parameter_in_a_path_is_a_whole_segment();
        auto rest = text_;
        for (auto name = detail::take_parameter(rest); !name.empty();
             name = detail::take_parameter(rest)) {
            if (!detail::has_member<Input>(name))
                detail::a_parameter_in_the_path_is_no_member_of_the_input();
            if (!detail::is_one_value_in<Input>(name))
                detail::a_parameter_in_the_path_is_a_struct_or_a_list();
            auto behind = rest;
            for (auto other = detail::take_parameter(behind); !other.empty();
                 other = detail::take_parameter(behind))
                if (other == name) detail::a_parameter_is_in_the_path_twice();
        }
    }
    constexpr std::string_view text() const { return text_; }

private:
    std::string_view text_;
};

}  // namespace LARDER_NAMESPACE
