#!/usr/bin/env perl
# The C++ in README.md and docs/ is that of programs which the tests compile and run: each paragraph of a
# block stands in one of the sources, line by line, but for its indentation.
use strict;
use warnings;

my $root = shift or die "usage: code.pl CHECKOUT\n";

sub lines_of { my $text = shift; return join "\n", map { s/^\s+|\s+$//gr } split /\n/, $text }

my %sources;
for my $file (glob("$root/examples/*.cpp $root/apps/*/*.cpp $root/apps/*/*.hpp")) {
    open my $in, '<', $file or die "cannot read $file: $!\n";
    $sources{$file} = "\n" . lines_of(join '', <$in>) . "\n";
}

my ($found, $missing) = (0, 0);
for my $file ("$root/README.md", "$root/docs/guide.md", glob("$root/docs/guide/*.md")) {
    open my $in, '<', $file or die "cannot read $file: $!\n";
    my $text = join '', <$in>;
    while ($text =~ /^```cpp\n(.*?)^```$/msg) {
        for my $paragraph (split /\n\s*\n/, $1) {
            my $wanted = "\n" . lines_of($paragraph) . "\n";
            $found++;
            next if grep { index($_, $wanted) >= 0 } values %sources;
            print STDERR "$file: this is in no program:$wanted";
            $missing++;
        }
    }
}
die "no code was found\n" if $found < 10;
exit($missing ? 1 : 0);
