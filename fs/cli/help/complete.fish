# Completes command lines of dgenfs in fish; made by: dgenfs completion fish
function __dgenfs_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l word (string unescape -- "$token"; or echo -- "$token")
    for line in ($words[1] __complete fish -- $words[2..-1] "$word" 2>/dev/null)
        set -l rest (string split -m 1 ' ' -- $line)[2]
        switch $line
            case :nospace # of itself, after = and comma
            case ':files*'
                printf '%s\n' "$rest"(__fish_complete_path (string sub -s (math (string length -- "$rest") + 1) -- "$word"))
            case ':directories*'
                printf '%s\n' "$rest"(__fish_complete_directories (string sub -s (math (string length -- "$rest") + 1) -- "$word"))
            case ':program*'
                set -l program $words[(math $rest + 1)..-1]
                complete -C (string join ' ' -- (string escape -- $program) "$token")
            case '*'
                echo -- $line
        end
    end
end
complete -c dgenfs -f -a '(__dgenfs_complete)'
