# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nsinspect_global_optspecs
    string join \n J/json format= proc= from= depth= color= strict v/verbose h/help V/version
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
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -s v -l verbose -d 'Say more about what could not be seen'
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
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "doctor" -d 'What this kernel, these privileges and this /proc allow, and what that hides'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "man" -d 'Print a man page, or write all of them into a directory'
complete -c nsinspect -n "__fish_nsinspect_needs_command" -f -a "schema" -d 'Print the JSON Schema of a document'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s t -l type -d 'Only namespaces of these kinds' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s p -l task -d 'Only the namespaces that this process is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s o -l output -d 'The columns of the table, in this order' -r -f -a "ns\t'Inode number'
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
path\t'Path of the namespace below /proc'
owner\t'Inode of the user namespace that governs it'
owner_uid\t'Uid of the creator of a user namespace'
parent\t'Inode of the enclosing user or pid namespace'
container\t'Container of that process'
holders\t'What keeps it alive'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s P -l persistent -d 'Only namespaces that no process is in'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s n -l noheadings -d 'No line of column names'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s r -l raw -d 'One blank between columns, nothing cut, blanks in values as \\x20'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s t -l type -d 'Only namespaces of these kinds' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s p -l task -d 'Only the namespaces that this process is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s o -l output -d 'The columns of the table, in this order' -r -f -a "ns\t'Inode number'
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
path\t'Path of the namespace below /proc'
owner\t'Inode of the user namespace that governs it'
owner_uid\t'Uid of the creator of a user namespace'
parent\t'Inode of the enclosing user or pid namespace'
container\t'Container of that process'
holders\t'What keeps it alive'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s P -l persistent -d 'Only namespaces that no process is in'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s n -l noheadings -d 'No line of column names'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s r -l raw -d 'One blank between columns, nothing cut, blanks in values as \\x20'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l by -d 'What the branches are' -r -f -a "set\t'Namespace sets, each below the one that it was made from'
user\t'User namespaces, with what each governs'
pid\t'Pid namespaces, with PIDs at every level'
process\t'Processes, with the changes of namespaces marked'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand tree" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l require -d 'Exit with 1 if one of these kinds is shared, with 2 if that cannot be told' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l exit-code -d 'Exit with 1 if anything differs'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l in -d 'Translate from and to the pid namespace of this target' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand pid" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l in -d 'Over the user namespace that owns this namespace, instead of the host\'s. A user namespace stands for itself, a process for the user namespace that it is in' -r
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand can" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand reach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l dir -d 'Write the pages of all commands into this directory' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l format -d 'How to print the answer' -r -f -a "table\t'Text for people'
json\t''
yaml\t'The same document as JSON'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l proc -d 'Read this procfs instead of /proc' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l from -d 'Answer from a saved snapshot instead of the running machine; `-` is standard input' -r -F
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l depth -d 'How far to look for namespaces that no process is in: `full` looks at every thread, descriptor and socket too. Without it, as far as the question needs' -r -f -a "fast\t'Processes, bind mounts, owners and parents, and the kernel\'s own list where it has one'
full\t'Also threads, file descriptors, sockets, and mount namespaces that no process is in'"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l color -d 'When to use colour; NO_COLOR in the environment turns `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s J -l json -d 'Print JSON: short for --format json'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -l strict -d 'Exit with 2 if anything that was asked for could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s v -l verbose -d 'Say more about what could not be seen'
complete -c nsinspect -n "__fish_nsinspect_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
