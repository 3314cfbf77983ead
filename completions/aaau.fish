# fish completion for aaau(1)

# Ids and names of the sessions, as `aaau ls` prints them.
function __aaau_sessions
    set -l socket
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        if contains -- $words[$i] -s --socket; and set -q words[(math $i + 1)]
            set socket -s $words[(math $i + 1)]
        end
    end
    aaau $socket ls 2>/dev/null | awk 'NR > 1 { print $1; if ($2 != "-") print $2 }'
end

set -l verbs run attach ls status kill detach freeze thaw panic help

complete -c aaau -f
complete -c aaau -s s -l socket -r -F -d 'Where the server listens'
complete -c aaau -s q -l quiet -d 'Say nothing but errors'
complete -c aaau -s h -l help -d 'Print a summary'

complete -c aaau -n "not __fish_seen_subcommand_from $verbs" -s V -l version -d 'Print the version'
complete -c aaau -n "not __fish_seen_subcommand_from $verbs" -s p -l program -x -d 'Run this program'
complete -c aaau -n "not __fish_seen_subcommand_from $verbs" -s n -l session -x -a '(__aaau_sessions)' -d 'Join a session'
complete -c aaau -n "not __fish_seen_subcommand_from $verbs; or __fish_seen_subcommand_from attach" -s r -l read-only -d 'Only watch'
complete -c aaau -n "not __fish_seen_subcommand_from $verbs; or __fish_seen_subcommand_from run" -l name -x -d 'Name the new session'
complete -c aaau -n "not __fish_seen_subcommand_from $verbs; or __fish_seen_subcommand_from run attach" -l detach-keys -x -a 'none ctrl-],d ctrl-a,d' -d 'Keys that leave the session'

complete -c aaau -n __fish_use_subcommand -a run -d 'Start a session with a program'
complete -c aaau -n __fish_use_subcommand -a attach -d 'Come back to a session, or join one'
complete -c aaau -n __fish_use_subcommand -a ls -d 'List the sessions'
complete -c aaau -n __fish_use_subcommand -a status -d 'Tell all about a session'
complete -c aaau -n __fish_use_subcommand -a kill -d 'End a session'
complete -c aaau -n __fish_use_subcommand -a detach -d 'Disconnect clients from a session'
complete -c aaau -n __fish_use_subcommand -a freeze -d 'Make an agent stand still'
complete -c aaau -n __fish_use_subcommand -a thaw -d 'Let what was frozen go on'
complete -c aaau -n __fish_use_subcommand -a panic -d 'Freeze all sessions of your own'
complete -c aaau -n __fish_use_subcommand -a help -d 'Print the summary of a command'
complete -c aaau -n __fish_use_subcommand -a 'claude codex gemini opencode' -d Agent

complete -c aaau -n '__fish_seen_subcommand_from run' -s d -l detached -d 'Do not attach'
complete -c aaau -n '__fish_seen_subcommand_from run' -l agent -x -a 'default claude codex gemini opencode' -d 'Run under this profile'
complete -c aaau -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c aaau -n '__fish_seen_subcommand_from attach status kill detach freeze thaw' -a '(__aaau_sessions)'
complete -c aaau -n '__fish_seen_subcommand_from ls status' -l json -d 'Print JSON'
complete -c aaau -n '__fish_seen_subcommand_from detach' -s a -l all -d "Everybody's clients"
complete -c aaau -n '__fish_seen_subcommand_from thaw' -s a -l all -d 'All that you may thaw'
complete -c aaau -n '__fish_seen_subcommand_from panic' -s a -l all -d "Everybody's sessions"
complete -c aaau -n '__fish_seen_subcommand_from help' -a "$verbs"
