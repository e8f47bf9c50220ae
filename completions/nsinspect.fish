# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nsinspect_global_optspecs
    string join \n J/json format= proc= from= depth= threads= color= strict v/verbose h/help V/version
end

function __fish_nsinspect_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nsinspect_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nsinspect_using_subcommand
    set -l cmd (__fish_nsinspect_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nsinspect -n "__fish_nsinspect_needs_command" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s V -l version -d 'Print version'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "list" -d 'Every namespace, one row each; or the members of one'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "ls" -d 'Every namespace, one row each; or the members of one'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "tree" -d 'Who is isolated from whom'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "show" -d 'All that is known of one process or namespace'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "diff" -d 'How a process is isolated from PID 1, or from another process'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "pid" -d 'Translate a PID between pid namespaces'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "can" -d 'Whether a process has a capability where it counts: over the host, or over a namespace'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "reach" -d 'Which namespaces a process could join, and which processes of others it could read'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "snapshot" -d 'Everything that can be collected, as one JSON document for --from'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "run" -d 'Run a program in new namespaces'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "enter" -d 'Run a program in the namespaces of a process, or in any that exist'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "audit" -d 'What containers and sandboxes could do to the host, with evidence'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "explain" -d 'Why a finding of audit matters, and what to do about it'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "verify" -d 'Whether claims about the isolation of a process or container hold, by trying them'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "doctor" -d 'What this kernel, these privileges and this /proc allow, and what that hides'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "man" -d 'Print a man page, or write all of them into a directory'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "schema" -d 'Print the JSON Schema of a document'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s t -l type -d 'Only namespaces of these kinds' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s p -l task -d 'Only the namespaces that this process is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s o -l output -d 'The columns of the table, in this order; +COLS adds to the usual ones' -r -f -a "ns\t'Inode number'
type\t'Kind'
ns_id\t'The kernel\'s 64-bit id that is never reused'
initial\t'Whether it is the one that the kernel booted with'
nprocs\t'Number of processes'
nthreads\t'Number of threads'
pid\t'Lowest PID'
ppid\t'Parent of that process'
uid\t'Uid of that process'
user\t'Login name of that uid'
command\t'Command line of that process'
path\t'Where it can be opened'
nsfs\t'Where it is mounted'
owner\t'Inode of the user namespace that governs it'
owner_uid\t'Uid of the creator of a user namespace'
parent\t'Inode of the enclosing user or pid namespace'
container\t'Container of that process'
holders\t'What keeps it alive'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l watch -d 'Look every so many seconds, 1 unless told otherwise, and print what changed: namespaces that are born, empty or gone, and processes or threads that move; with -v processes that come and go too' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s P -l persistent -d 'Only namespaces that no process is in'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l output-all -d 'All columns'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s n -l noheadings -d 'No line of column names'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s r -l raw -d 'One blank between columns, nothing cut, blanks in values as \\x20'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s u -l notruncate -d 'Cut nothing, however wide the terminal is'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s l -l list -d 'A list, and no row of two lines: as always here. Taken since lsns takes it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s t -l type -d 'Only namespaces of these kinds' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s p -l task -d 'Only the namespaces that this process is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s o -l output -d 'The columns of the table, in this order; +COLS adds to the usual ones' -r -f -a "ns\t'Inode number'
type\t'Kind'
ns_id\t'The kernel\'s 64-bit id that is never reused'
initial\t'Whether it is the one that the kernel booted with'
nprocs\t'Number of processes'
nthreads\t'Number of threads'
pid\t'Lowest PID'
ppid\t'Parent of that process'
uid\t'Uid of that process'
user\t'Login name of that uid'
command\t'Command line of that process'
path\t'Where it can be opened'
nsfs\t'Where it is mounted'
owner\t'Inode of the user namespace that governs it'
owner_uid\t'Uid of the creator of a user namespace'
parent\t'Inode of the enclosing user or pid namespace'
container\t'Container of that process'
holders\t'What keeps it alive'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l watch -d 'Look every so many seconds, 1 unless told otherwise, and print what changed: namespaces that are born, empty or gone, and processes or threads that move; with -v processes that come and go too' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s P -l persistent -d 'Only namespaces that no process is in'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l output-all -d 'All columns'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s n -l noheadings -d 'No line of column names'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s r -l raw -d 'One blank between columns, nothing cut, blanks in values as \\x20'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s u -l notruncate -d 'Cut nothing, however wide the terminal is'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s l -l list -d 'A list, and no row of two lines: as always here. Taken since lsns takes it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l by -d 'What the branches are' -r -f -a "set\t'Namespace sets, each below the one that it was made from'
user\t'User namespaces, with what each governs'
pid\t'Pid namespaces, with PIDs at every level'
process\t'Processes, with the changes of namespaces marked'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l watch -d 'Look every so many seconds, 1 unless told otherwise, and print what changed: sets that come and go, and processes or threads that move; with -v processes that come and go too' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l require -d 'Exit with 1 if one of these kinds is shared, with 2 if that cannot be told' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l exit-code -d 'Exit with 1 if anything differs'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l in -d 'Translate from and to the pid namespace of this target' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l in -d 'Over the user namespace that owns this namespace, instead of the host\'s. A user namespace stands for itself, a process for the user namespace that it is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s m -l mount -d 'A new mount namespace; with FILE it is kept by a bind mount there' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s u -l uts -d 'A new uts namespace: host name and domain name' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s i -l ipc -d 'A new ipc namespace' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s n -l net -d 'A new network namespace, with its loopback interface up' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s p -l pid -d 'A new pid namespace; implies --fork, and with a new mount namespace a fresh /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s U -l user -d 'A new user namespace' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s C -l cgroup -d 'A new cgroup namespace' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s T -l time -d 'A new time namespace; implies --fork' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-user -d 'The user that one becomes in a new user namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-group -d 'The group that one becomes in a new user namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-users -d 'More users: INSIDE:OUTSIDE:COUNT, `auto` (the first block of /etc/subuid, from 0 on), `subids` (all blocks under their own numbers), `all` (everybody who is mapped here)' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-groups -d 'More groups, in the same ways' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l setgroups -d 'Whether setgroups(2) is allowed in a new user namespace' -r -f -a "allow\t''
deny\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l owner -d 'Let another user make and own the new user namespace: become it out here first. Takes root, who writes the maps' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s S -l setuid -d 'Run the program as this user' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s G -l setgid -d 'Run the program with this group and no others' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l propagation -d 'How mounts propagate between the new mount namespace and the old one' -r -f -a "private\t'Neither sees what the other mounts'
slave\t'What is mounted outside shows up inside'
shared\t'What is mounted on either side shows up on the other'
unchanged\t'As it was'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l mount-proc -d 'Mount a fresh procfs, on /proc unless DIR says where; implies --mount' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l rootfs -d 'Make a directory the root by pivot_root(2), so that the old one is gone; implies --mount' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s R -l root -d 'Make a directory the root by chroot(2)' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s w -l wd -d 'Run the program in this directory, below the new root' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l hostname -d 'Set the host name; implies --uts' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l monotonic -d 'Offset of CLOCK_MONOTONIC; implies --time' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l boottime -d 'Offset of CLOCK_BOOTTIME; implies --time' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l preserve-env -d 'Hand these variables over below --rootfs and --root too, or all: a program from there gets TERM and the locale otherwise, and any other program gets all' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l kill-child -d 'What the program is sent when we are killed: KILL unless said otherwise; implies --fork' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l preserve-fd -d 'Descriptors that the program inherits, beside standard input, output and error' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l claims -d 'Prove what this claims file claims, too' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s a -l all -d 'All eight; the user becomes root in there unless a map says otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s r -l map-root-user -d 'Become root in a new user namespace: --map-user 0 --map-group 0'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s c -l map-current-user -d 'Keep one\'s own ids in a new user namespace'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-auto -d '--map-users auto --map-groups auto'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l map-subids -d '--map-users subids --map-groups subids'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l keep-caps -d 'Keep the capabilities of a new user namespace, also as a user that is not root in there'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l no-mount-proc -d 'Leave /proc as it is'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l read-only -d 'Make all that lies below --rootfs read-only, but for a fresh procfs'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l no-lo -d 'Leave the loopback interface of a new network namespace down'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l clear-env -d 'Start with an empty environment'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s f -l fork -d 'Run the program as a child, and wait for it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l init -d 'Be PID 1 of a new pid namespace ourselves, passing signals on and reaping orphans'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l no-pty -d 'Let the program use our own terminal. Without this, a program in another user, mount or pid namespace or below another root gets one of its own, and cannot type into the shell that has started it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l verify -d 'Prove that the new namespaces isolate before the program is started, by experiments that would harm others elsewhere too; else it is not started'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l forward-signals -d 'Pass signals on to the program: always done'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s m -l mount -d 'The mount namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s u -l uts -d 'The uts namespace: host name and domain name' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s i -l ipc -d 'The ipc namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s n -l net -d 'The network namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s N -l net-socket -d 'The network namespace of a socket that the target has open under this number' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s p -l pid -d 'The pid namespace; the program is a child then' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s U -l user -d 'The user namespace; the program becomes root in there unless -S, -G or --preserve-credentials say otherwise' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s C -l cgroup -d 'The cgroup namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s T -l time -d 'The time namespace' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s S -l setuid -d 'Run the program as this user; `follow` is the target\'s' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s G -l setgid -d 'Run the program with this group and no others; `follow` is the target\'s, and its others too' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l cap-drop -d 'Capabilities that the program loses for good, such as sys_admin' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s r -l root -d 'Use the target\'s root directory, or this one' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s w -l wd -d 'Start in the target\'s working directory, or in this one, looked up out here' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s W -l wdns -d 'Start in this directory, looked up in there' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l preserve-env -d 'Hand these variables of ours over too, or all' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s t -l target -d 'The process to enter, or a single namespace, for hands that know nsenter; without it, the first word is that' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l user-parent -d 'The user namespace around the one that would be entered'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s a -l all -d 'All in which the target is and we are not; so it is too when none is named'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l as-target -d 'With the target\'s rights, exactly: all its namespaces, its root directory, ids, groups, capabilities, no_new_privs and cgroups'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l preserve-credentials -d 'Keep our ids when entering a user namespace'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l keep-caps -d 'Keep all capabilities, also as a user that is not root'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s c -l join-cgroup -d 'Join the target\'s cgroups'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s e -l env -d 'Use the target\'s environment; without it, a program of its file systems gets PATH and HOME of that, and TERM and the locale of ours, and a program of ours gets ours'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s F -l no-fork -d 'Do not fork: the program itself stays out of a pid namespace that is entered, its children are in it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l no-pty -d 'Let the program use our own terminal. Without this, a program in another user, mount or pid namespace or below another root gets one of its own, and cannot type into the shell that has started it'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand enter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l fail-on -d 'Exit with 1 if a finding that is not mitigated is at least this severe, with 2 if that cannot be told' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
info\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l all -d 'Look at every process of the machine'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l require -d 'Kinds of namespace in which it must not be where the host is' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l claims -d 'Claims in YAML, of at most 1 MiB (`nsinspect schema claims`; README.md has examples)' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l profile -d 'A shipped profile: docker-default, pss-baseline, pss-restricted, rootless or sandbox' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l oci -d 'What its OCI runtime was told to do: the path of a config.json of at most 4 MiB, or `auto` to find that of a running container of runc, crun, docker, containerd, podman or CRI-O' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l show-profile -d 'Print a profile as the claims file that it is; without NAME, list them' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l static-only -d 'Try nothing: tell by what can be read'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l explain -d 'Say how each claim would be tried, and do nothing; without claims, list what can be claimed'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l dir -d 'Write the pages of all commands into this directory' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'
sarif\t'SARIF 2.1.0 for code scanning, of `audit` only'
junit\t'JUnit XML for continuous integration, of `verify` only'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l from -d 'Answer from a saved snapshot instead of the running machine: a file or pipe of at most 1 GiB; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l threads -d 'How many threads read /proc at most; one for each core, unless there is too little to read' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l strict -d 'Exit with 2 if anything that was asked for could not be seen; looks as far as `--depth full` unless told otherwise'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s v -l verbose -d 'Say more: a line for each set in trees, and all that could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
