#!/usr/bin/env perl
# Each link from a Markdown file of the checkout to another of its files leads to one that is there,
# and to a heading that it has. Headings have the names that GitHub gives them. A file that has
# contents has each heading in them.
use strict;
use warnings;
use File::Basename 'dirname';

my $root = shift or die "usage: links.pl CHECKOUT\n";

# The text without what is code.
sub prose_of {
    my $file = shift;
    open my $in, '<:encoding(UTF-8)', $file or die "cannot read $file: $!\n";
    my $text = join '', <$in>;
    return $text =~ s/^```.*?^```$//msgr;
}

my %headings;

sub has_heading {
    my ($file, $anchor) = @_;
    unless ($headings{$file}) {
        my %seen;
        for my $title (prose_of($file) =~ /^#+ +(.+?) *$/mg) {
            $title =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
            my $name = lc $title =~ s/[^\w\- ]//gr =~ tr/ /-/r;
            my $before = $seen{$name}++;
            $headings{$file}{$before ? "$name-$before" : $name} = 1;
        }
    }
    return $headings{$file}{$anchor};
}

my ($found, $wrong) = (0, 0);
for my $file (glob("$root/*.md $root/docs/*.md $root/docs/*/*.md $root/bench/*.md")) {
    my $prose = prose_of($file);
    if (has_heading($file, 'contents')) {
        for my $name (sort keys %{$headings{$file}}) {
            next if $name eq 'contents' || $prose =~ /\(#\Q$name\E\)/ || $prose =~ /\A# \Q$name\E$/mi;
            print STDERR "$file: its contents lack [...](#$name)\n";
            $wrong++;
        }
    }
    for my $link ($prose =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^[a-z]+:/;
        my ($path, $anchor) = $link =~ /^([^#]*)#?(.*)$/;
        my $to = $path eq '' ? $file : dirname($file) . "/$path";
        $found++;
        next if -e $to && ($anchor eq '' || has_heading($to, $anchor));
        print STDERR "$file: nothing is at $link\n";
        $wrong++;
    }
}
die "no link was found\n" if $found < 20;
exit($wrong ? 1 : 0);
