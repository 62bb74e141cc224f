#!/usr/bin/env perl
# docs/tutorial.md is true: its code is that of examples/tutorial/, and its commands print what stands
# below them.
#
#   tutorial.pl check CHECKOUT                compares the code, both ways: each paragraph of the
#                                             tutorial is in the source of its step, and each
#                                             paragraph of that source has been shown by then
#   tutorial.pl run CHECKOUT PORT PROGRAMS    runs the commands. HOME has a folder larder, which is
#                                             like a checkout, and a folder servers, with servers
#                                             that run; PROGRAMS has the program of each step
#   tutorial.pl build CHECKOUT                runs the commands of CMake, with the source of the last
#                                             step, and shows that it does not compile where a route
#                                             that writes does not say what it invalidates
#
# A block of the language `console` has commands behind `$ `, and below each what it prints. `text` is
# what the service has logged since its log was last looked at, and `gcc` what the compiler says.
# `…` stands for anything in a line, and for any lines where it is alone in one.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use File::Temp 'tempdir';
use Time::HiRes qw(sleep time);

my ($mode, $root, $port, $programs) = @ARGV;
my %modes = (check => [2, \&check], run => [4, \&run], build => [2, \&build]);
die "usage: tutorial.pl check|run|build CHECKOUT [PORT PROGRAMS]\n"
    unless $mode && $modes{$mode} && @ARGV == $modes{$mode}[0];

my $patience = 30;
my ($service, $log, $looked_at);  # its process; its log, and how much of it was compared

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
END { kill 'KILL', $service if $service }

$modes{$mode}[1]->();

# ---- the tutorial -------------------------------------------------------------------------------

sub text_of {
    my $file = shift;
    open my $in, '<:encoding(UTF-8)', $file or die "cannot read $file: $!\n";
    local $/;
    return scalar <$in>;
}

sub write_file {
    my ($file, $text) = @_;
    open my $out, '>:encoding(UTF-8)', $file or die "cannot write $file: $!\n";
    print $out $text;
    close $out or die "cannot write $file: $!\n";
}

# Its blocks in their order, each with its language; and ['step', name] where the source of a step
# is linked.
sub parts {
    my $text = text_of("$root/docs/tutorial.md");
    my @parts;
    while ($text =~ /^```(\w*)\n(.*?)^```$|\(\.\.\/examples\/tutorial\/(\w+)\.cpp\)/msg) {
        push @parts, defined $3 ? ['step', $3] : [$1, $2];
    }
    return @parts;
}

# Without the comment that it begins with.
sub source_of {
    my $step = shift;
    return text_of("$root/examples/tutorial/$step.cpp") =~ s/\A(\/\/.*\n)+//r;
}

# Without their indentation, as a block may show what is within something else.
sub paragraphs {
    my $text = shift;
    return map { join "\n", map { s/^\s+|\s+$//gr } split /\n/ } split /\n\s*\n/, $text;
}

sub is_within { my ($what, @texts) = @_; return grep { index("\n$_\n", "\n$what\n") >= 0 } @texts }

sub check {
    my ($step, @shown);
    my $wrong = 0;
    my $complain = sub { print STDERR "$_[0]:\n$_[1]\n\n"; $wrong++ };
    my $end_step = sub {
        for my $paragraph ($step ? paragraphs(source_of($step)) : ()) {
            $complain->("the tutorial does not show this of $step.cpp", $paragraph)
                unless is_within($paragraph, @shown);
        }
    };
    for my $part (parts()) {
        my ($kind, $text) = @$part;
        if ($kind eq 'step') {
            $end_step->();
            $step = $text;
            next;
        }
        $complain->("this block's language is none that is tested: '$kind'", $text)
            unless $kind =~ /^(cmake|cpp|console|text|gcc|mermaid)$/;
        next unless $kind eq 'cpp';
        my @source = paragraphs(source_of($step));
        for my $paragraph (paragraphs($text)) {
            push @shown, $paragraph;
            $complain->("this is not in $step.cpp", $paragraph)
                unless is_within($paragraph, @source);
        }
    }
    $end_step->();
    die "the tutorial has no steps\n" unless @shown > 10;
    exit($wrong ? 1 : 0);
}

# ---- commands -----------------------------------------------------------------------------------

# The commands of a block, each with the lines that it prints.
sub commands {
    my @commands;
    for my $line (split /\n/, shift) {
        if ($line =~ /^\$ (.*)/) { push @commands, [$1] }
        elsif ($commands[-1][-1] =~ s/ \\$//) { $commands[-1][-1] .= ' ' . $line =~ s/^ +//r }
        else { push @{$commands[-1]}, $line }
    }
    return @commands;
}

sub pattern_of {
    my $pattern = '';
    for my $line (@_) {
        $pattern .= $line eq '…' ? '(?:.*\n)*?' : join('.*', map { quotemeta } split /…/, $line, -1) . '\n';
    }
    return $pattern;
}

sub with_port { my $text = shift; return $port ? $text =~ s/127\.0\.0\.1:8000/127.0.0.1:$port/gr : $text }

# Runs it in bash: what it prints, and its status. What it exports is so from then on.
sub output_of {
    my $command = shift;
    local $ENV{LINE} = $command;
    my $printed = qx{bash -c 'eval "\$LINE"; status=\$?; unset LINE; env -0 >"\$HOME/environment"; exit \$status' 2>&1 </dev/null};
    my $status = $? >> 8;
    $printed .= "\n" if $printed ne '' && $printed !~ /\n\z/;
    return ($printed =~ s/\r//gr, $status);
}

sub take_environment {
    %ENV = map { split /=/, $_, 2 } split /\0/, text_of("$ENV{HOME}/environment");
}

sub expect_output { # COMMAND LINE...
    my ($command, @lines) = @_;
    my $expected = pattern_of(map { with_port($_) } @lines);
    my $until = time + ($command =~ /# some milliseconds later$/ ? $patience : 0);
    while (1) {
        my ($printed, $status) = output_of(with_port($command));
        last if $status == 0 && $printed =~ /\A$expected\z/;
        die "\$ $command\nexits with $status and prints:\n$printed\nand not:\n" . join("\n", @lines, '')
            if time >= $until;
        sleep 0.02;
    }
    take_environment() if $command =~ /^(export|unset) /;
}

# ---- run ----------------------------------------------------------------------------------------

# Of what the lines `…` part, either may come first: a service does several things at once.
sub expect_logged {
    my @lines = @_;
    my @parts = map { pattern_of(split /\n/, with_port($_)) } split /^…\n/m, join("\n", @lines, '');
    my $until = time + $patience;
    while (1) {
        my $more = substr(text_of($log), $looked_at);
        my @ends = map { $more =~ /^$_/m ? $+[0] : () } @parts;
        if (@ends == @parts) {
            $looked_at += (sort { $b <=> $a } @ends)[0];
            return;
        }
        die "the service has logged:\n$more\nand not:\n" . join("\n", @lines, '')
            if time >= $until || waitpid($service, 1) != 0;
        sleep 0.02;
    }
}

sub end_service {
    return unless $service;
    kill 'TERM', $service;
    waitpid $service, 0;
    my $status = $?;
    $service = undef;
    die "the service has ended with $status:\n" . text_of($log) if $status != 0;
}

sub start_service { # COMMAND LINE...
    my ($command, @lines) = @_;
    end_service();
    write_file($log, '');
    $looked_at = 0;
    $service = fork // die "cannot fork: $!\n";
    if ($service == 0) {
        $ENV{SHOP_PORT} = $port;
        exec 'setpriv', '--pdeathsig', 'KILL', 'bash', '-c', "exec $command >\"$log\" 2>&1 </dev/null";
        die "cannot start it: $!\n";
    }
    expect_logged(@lines);
    await_cache();
}

# A service that has just begun answers without the cache, and leaves an old entry as it is. So each
# worker has to have a hit, of a customer that the tutorial does not ask for.
sub await_cache {
    my $until = time + $patience;
    for (my $hits = 0; $hits < 10;) {
        my $head = qx(curl -s -o /dev/null -D - 'http://127.0.0.1:$port/count?customerid=1');
        last if $head !~ /^cache-status:/mi;
        $hits = $head =~ /; hit/ ? $hits + 1 : 0;
        die "the service does not come to trust its cache\n" if time >= $until;
    }
    $looked_at = length text_of($log);
}

sub run {
    my $step;
    enter_empty_folder();
    $log = "$ENV{HOME}/shop.log";
    for my $part (parts()) {
        my ($kind, $text) = @$part;
        if ($kind eq 'step') { $step = $text }
        elsif ($kind eq 'text') { expect_logged(split /\n/, $text) }
        elsif ($kind eq 'console') { run_command($step, @$_) for commands($text) }
    }
    end_service();
}

# What CMake makes is made already, for this and by build().
sub run_command { # STEP COMMAND LINE...
    my ($step, $command, @lines) = @_;
    if ($command =~ /^(cd ~\/larder && \.\/run build|cmake (--install|-B) .*)$/) { return }
    if ($command =~ /^cmake --build build$/) {
        mkdir 'build';
        unlink 'build/shop';
        symlink "$programs/example_tutorial_$step", 'build/shop' or die "no program: $!\n";
    } elsif ($command =~ /^build\/shop serve\b/) {
        start_service($command, @lines);
    } else {
        end_service() if $command =~ /tools\/postgres stop/;
        expect_output($command, @lines);
    }
}

sub enter_empty_folder {
    # curl shows how far it is where nobody looks at a terminal.
    write_file("$ENV{HOME}/.curlrc", "silent\nshow-error\n");
    my $folder = tempdir(DIR => $ENV{HOME});
    chdir $folder or die "cannot enter $folder: $!\n";
}

# ---- build --------------------------------------------------------------------------------------

sub build {
    enter_empty_folder();
    my (@cmake, $last, $complaint);
    for my $part (parts()) {
        my ($kind, $text) = @$part;
        if ($kind eq 'step') { $last = $text }
        elsif ($kind eq 'cmake') { write_file('CMakeLists.txt', $text) }
        elsif ($kind eq 'gcc') { $complaint = $text }
        elsif ($kind eq 'console') { push @cmake, grep { /^cmake (-B|--build) / } map { $$_[0] } commands($text) }
    }
    my $source = text_of("$root/examples/tutorial/$last.cpp");
    write_file('shop.cpp', $source);
    expect_output($_, '…') for @cmake;
    die "there is no build/shop\n" unless -x 'build/shop';

    # Each `| larder::invalidates(...)` of a route, with the parentheses within.
    $source =~ s/ \|\s*larder::invalidates(\((?:[^()]++|(?1))*\))//g or die "no route invalidates\n";
    write_file('shop.cpp', $source);
    my ($printed, $status) = output_of('cmake --build build');
    my $expected = pattern_of(split /\n/, $complaint);
    die "without invalidates() it ends with $status:\n$printed" if $status == 0 || $printed !~ /^$expected/m;
}
