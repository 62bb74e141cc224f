# shellcheck shell=bash
# What the scripts share. Source it after `set -euo pipefail`.

# The checkout, whatever folder the caller is in.
# shellcheck disable=SC2034  # for those who source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# One sentence for the user, and the exit status for "something is unavailable".
unavailable() {
    printf '%s\n' "${0##*/}: $*" >&2
    exit 69
}

usage() {
    printf '%s\n' "usage: $*" >&2
    exit 64
}

# Polls COMMAND until it holds; false after SECONDS.
wait_for() { # SECONDS COMMAND...
    local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        ((${EPOCHREALTIME/[.,]/} < deadline)) || return 1
        sleep 0.02
    done
}

# ---- what tools/postgres and tools/valkey share: a server with its data in a folder ------------

# Makes FOLDER and lets only one script at a time work on it. Descriptor 8 is the lock.
lock_folder() { # FOLDER
    if ! mkdir -p "$1" || ! [[ -w $1 ]]; then
        unavailable "cannot write to $1: run as the user who owns it, or remove it"
    fi
    exec 8>"$1/lock"
    flock -w 120 8 || unavailable "another start or stop has been busy in $1 for two minutes: end it, then try again"
}

# Writes TEXT to FILE, all of it or nothing.
save() { # FILE TEXT
    if ! { printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"; } 2>/dev/null; then
        unavailable "cannot write $1: make room on its disk, then try again"
    fi
}

# Starts COMMAND in a session of its own, so that no terminal reaches it, with its output in LOG.
# Of the caller's descriptors it inherits 9 alone: a pipe or lock kept open would outlive us.
start_detached() { # LOG COMMAND...
    local log=$1
    shift
    if [[ $(stat -c %s "$log" 2>/dev/null) -gt 20000000 ]]; then mv -f "$log" "$log.old"; fi
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd <= 2 || fd == 9)) || eval "exec $fd>&-"
        done
        cd /
        exec setsid "$@"
    ) </dev/null >>"$log" 2>&1 &
}

# Whether PID is a process of PROGRAM that works in FOLDER. A pid file alone proves nothing: that
# pid may be somebody else's by now.
works_in() { # PID PROGRAM FOLDER
    local name=''
    { read -r name <"/proc/$1/comm"; } 2>/dev/null && [[ $name == "$2" && /proc/$1/cwd -ef $3 ]]
}

# All processes of PROGRAM that work in FOLDER.
all_in() { # PROGRAM FOLDER
    local entry
    for entry in /proc/[0-9]*; do
        if works_in "${entry#/proc/}" "$1" "$2"; then printf '%s\n' "${entry#/proc/}"; fi
    done
}

none_in() { # PROGRAM FOLDER
    [[ -z $(all_in "$@") ]]
}

# Whether none of these processes has a port any more: one that ends leaves its folder before.
have_ended() { # PID...
    local pid stat
    for pid; do
        { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
        [[ ${stat##*) } == [ZX]* ]] || return 1
    done
}

# Sends SIGNAL to processes of PROGRAM in FOLDER and waits until none is left; false after SECONDS.
# A stopped process is set going, or it would not notice.
end_all() { # SECONDS SIGNAL PROGRAM FOLDER
    local seconds=$1 signal=$2 pid pids
    shift 2
    pids=$(all_in "$@")
    for pid in $pids; do
        kill "-$signal" "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
    done
    # shellcheck disable=SC2086
    wait_for "$seconds" none_in "$@" && wait_for "$seconds" have_ended $pids
}

# The port a server keeps in FOLDER/port from run to run, unless somebody else listens there, now
# and a second later. New ones are taken from below the range that outgoing connections use.
choose_port() { # FOLDER
    local port=''
    if [[ -r $1/port ]]; then port=$(<"$1/port"); fi
    if [[ $port =~ ^[0-9]+$ ]]; then wait_for 1 nobody_listens "$port" || true; fi
    while [[ ! $port =~ ^[0-9]+$ ]] || ! nobody_listens "$port"; do
        port=$((20000 + RANDOM % 12000))
    done
    save "$1/port" "$port"
    printf '%s' "$port"
}

nobody_listens() { # PORT
    ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Where a service listens for its clients, not for operators; false if nowhere yet. PORT and ADMIN are
# its flags: 0 is any free port, and an ADMIN that is empty none.
service_address() { # PID PORT ADMIN
    local address port
    for address in $(listening_addresses "$1"); do
        port=${address##*:}
        if [[ $port == "$3" ]] || (($2 > 0 && $2 != port)); then continue; fi
        if [[ $2 == 0 && $3 == 0 ]] && is_for_operators "$address"; then continue; fi
        printf '%s' "$address"
        return
    done
    return 1
}

# Where a process listens, as the kernel knows it: HOST:PORT, one a line.
listening_addresses() { # PID
    local inodes hex
    inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -c '0-9' ' ')
    awk -v inodes="$inodes" '
        BEGIN { split(inodes, list); for (i in list) ours[list[i]] }
        $4 == "0A" && $10 in ours { print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        while read -r hex; do printf '%s:%d\n' "$(host_of "${hex%:*}")" "0x${hex#*:}"; done
}

host_of() { # HEX, in the byte order of the kernel's table
    case $1 in
        00000000 | 00000000000000000000000000000000) echo 127.0.0.1 ;;
        ????????) printf '%d.%d.%d.%d' "0x${1:6:2}" "0x${1:4:2}" "0x${1:2:2}" "0x${1:0:2}" ;;
        *) echo localhost ;;
    esac
}

is_for_operators() { # HOST:PORT
    local status=''
    {
        printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
        read -r -t 2 _ status _ <&3
    } 2>/dev/null 3<>"/dev/tcp/${1%:*}/${1##*:}" || true
    [[ $status == 200 ]]
}

# A path as it may stand in a URI's query.
uri_encode() { # PATH
    local LC_ALL=C out='' char i
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ $char != [a-zA-Z0-9/._~-] ]]; then printf -v char '%%%02X' "'$char"; fi
        out+=$char
    done
    printf '%s' "$out"
}

# ---- what run and test share: building a preset of CMakePresets.json ---------------------------

# CMake itself is left out when nothing asks for it: ninja calls it when a CMake file has changed.
configure() { # PRESET
    local folder=$root/build/$1
    if [[ -e $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
        rm -rf "$folder"  # the checkout was moved here with it
    fi
    [[ $folder/build.ninja -nt $root/CMakePresets.json ]] || (cd "$root" && cmake --preset "$1")
}

# One build at a time in one folder; on a machine with little memory fewer compilers than cores.
build() { # PRESET TARGET...
    local jobs memory preset=$1
    shift
    memory=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    jobs=$((${memory:-0} / 1500000 + 1))
    if ((jobs > $(nproc))); then jobs=$(nproc); fi
    mkdir -p "$root/build"
    exec 6>"$root/build/$preset.lock"
    flock 6
    configure "$preset" && cmake --build "$root/build/$preset" --parallel "$jobs" --target "${@:-all}" &&
        exec 6>&-
}
