#pragma once

#include <array>
#include <string_view>

namespace orders::sample {

/// The sixteen names in `categories`, in the order of their numbers.
inline constexpr std::array<std::string_view, 16> category_names{
    "Action",  "Animation", "Children", "Classics", "Comedy", "Documentary", "Drama",  "Family",
    "Foreign", "Games",     "Horror",   "Music",    "New",    "Sci-Fi",      "Sports", "Travel"};

/// A title is two of these, so that the 10,000 products have 10,000 titles.
inline constexpr std::array<std::string_view, 100> title_words{
    "ACORN",  "ALMANAC",  "AMBER",   "ANCHOR",  "APPLE",  "ARROW",   "ATLAS",   "AUTUMN", "BADGER",
    "BALLAD", "BANNER",   "BARLEY",  "BEACON",  "BIRCH",  "BISHOP",  "BLOSSOM", "BRIDGE", "BRONZE",
    "CANDLE", "CANVAS",   "CARAVAN", "CASTLE",  "CEDAR",  "CHAPEL",  "CIDER",   "CINDER", "CIRCUS",
    "CLOVER", "COMPASS",  "COPPER",  "CORAL",   "CRADLE", "CRYSTAL", "DANCER",  "DESERT", "DIAMOND",
    "DRAGON", "DUCHESS",  "ECHO",    "EMBER",   "EMPIRE", "FALCON",  "FEATHER", "FERRY",  "FIDDLE",
    "FOREST", "FORTUNE",  "FROST",   "GALAXY",  "GARDEN", "GARNET",  "GLACIER", "HARBOR", "HARVEST",
    "HAZEL",  "HERON",    "HORIZON", "INDIGO",  "ISLAND", "IVORY",   "JASMINE", "JESTER", "JOURNEY",
    "KETTLE", "KINGDOM",  "LANTERN", "LEGEND",  "LILAC",  "LINEN",   "MAGNET",  "MARBLE", "MEADOW",
    "MIRROR", "MOUNTAIN", "NECTAR",  "NOMAD",   "OCEAN",  "ORCHARD", "OSPREY",  "PAPER",  "PEBBLE",
    "PEPPER", "PILGRIM",  "PLANET",  "PRAIRIE", "QUARTZ", "RAVEN",   "RIVER",   "SADDLE", "SAFFRON",
    "SILVER", "SPARROW",  "SUMMIT",  "THUNDER", "TIMBER", "TULIP",   "VELVET",  "VIOLIN", "WILLOW",
    "WINTER"};

/// An actor is one of each.
inline constexpr std::array<std::string_view, 32> first_names{
    "ADA",   "AGNES", "ALBERT", "ANTON",  "BEATRICE", "BORIS", "CLARA",  "CYRIL",
    "DORA",  "EDGAR", "ELSA",   "ERNEST", "FELIX",    "FLORA", "GRETA",  "HUGO",
    "IRENE", "IVAN",  "JULIA",  "KLAUS",  "LEON",     "LYDIA", "MARTHA", "MILO",
    "NORA",  "OSCAR", "PAULA",  "RUFUS",  "SELMA",    "THEO",  "VERA",   "WANDA"};
inline constexpr std::array<std::string_view, 32> last_names{
    "ABBOTT",  "BAKER",  "BERG",   "BRANDT", "CARVER", "COLLINS", "DUVAL",  "ENGEL",
    "FISCHER", "FOSTER", "GRANT",  "HALL",   "HOLM",   "JANSEN",  "KELLER", "KOVACS",
    "LARSEN",  "LORENZ", "MARLOW", "MORENO", "NOVAK",  "OLSEN",   "PORTER", "QUINN",
    "ROSSI",   "SAWYER", "SOMMER", "TANNER", "VOGEL",  "WALSH",   "WEAVER", "YOUNG"};

/// The fifty states and the capital's district.
inline constexpr std::array<std::string_view, 51> states{
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA",
    "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS",
    "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA",
    "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY"};

/// Where the customers of region 2 live; region 1 is the US.
inline constexpr std::array<std::string_view, 10> countries{
    "Australia", "Canada", "Chile",  "China",        "France",
    "Germany",   "Japan",  "Russia", "South Africa", "UK"};

}  // namespace orders::sample
