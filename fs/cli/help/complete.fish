# Completes command lines of dgenfs in fish; made by: dgenfs completion fish
function __dgenfs_answer
    set -l words (commandline -opc | string replace -r '^~/' $HOME/)
    set -l token (commandline -ct)
    set -l word (string unescape -- "$token"; or echo -- "$token")
    $words[1] __complete fish -- $words[2..-1] "$word" 2>/dev/null
end
function __dgenfs_complete
    for line in (__dgenfs_answer)
        set -l more (string split -m 1 ' ' -- $line)[2]
        switch $line
            case ':directories*'
                set -l typed (commandline -ct | string sub -s (math 1 + (string length -- "$more")))
                printf '%s\n' "$more"(__fish_complete_directories "$typed")
            case ':program*'
                set -l words (commandline -opc)
                set -e words[1..$more]
                complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
            case ':*' # :files is below; fish itself adds no blank after "=" and ","
            case '*'
                echo -- $line
        end
    end
end
complete -c dgenfs -f -a '(__dgenfs_complete)'
complete -c dgenfs -n 'string match -q -- ":files*" (__dgenfs_answer)' -F
