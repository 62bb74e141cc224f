#!/usr/bin/env perl
# How much a service on larder is to write: the lines of apps/basket without blanks, comments, types, docs and SQL, and
# without the sample, which others have no use for. What the docs say of that is to stay true.
#
#   size.pl CHECKOUT
use strict;
use warnings;

my $root = shift or die "usage: size.pl CHECKOUT\n";
my ($most, $most_of_main) = (200, 20);

# From a line that opens it to the one that has closed all its braces and ends the statement.
sub without {
    my ($starts, @lines) = @_;
    my ($depth, $is_within, @kept) = (0, 0);
    for my $line (@lines) {
        $is_within ||= $line =~ $starts;
        push @kept, $line unless $is_within;
        next unless $is_within;
        my $code = $line =~ s/"(?:[^"\\]|\\.)*"//gr;
        $depth += () = $code =~ /[{(]/g;
        $depth -= () = $code =~ /[})]/g;
        $is_within = 0 if $depth == 0 && $code =~ /[;})]\s*$/;
    }
    die "what begins with $starts has no end\n" if $is_within;
    return @kept;
}

sub lines_of {
    my $file = shift;
    open my $in, '<', "$root/apps/basket/$file" or die "cannot read $file: $!\n";
    return grep { !m{^\s*(//.*)?$} } <$in>;
}

my @all = map { lines_of($_) } qw(basket.hpp basket.cpp main.cpp);
my $whole = @all;
@all = without(qr/^(struct \w+ \{|enum |BOOST_DESCRIBE_)/, @all);
my $types = $whole - @all;
@all = without(qr/^constexpr larder::docs describe/, @all);
@all = without(qr/^constexpr pg::statement /, @all);
my $code = @all;
my @main = lines_of('main.cpp');
shift @main while @main && $main[0] !~ /^int main/;
printf "apps/basket: %d lines of code, of which %d are main(); %d with types, docs and SQL\n", $code, scalar @main, $whole;

die "the types or the rest were not found\n" if $types < 50 || $code < 50 || !@main;
die "apps/basket has more than $most lines\n" if $code > $most;
die "main() has $most_of_main lines or more\n" if @main >= $most_of_main;
