# bash completion for aaau(1)

# Ids and names of the sessions, as `aaau ls` prints them.
_aaau_sessions()
{
	local socket=() i
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -s || ${COMP_WORDS[i]} == --socket ]] &&
			socket=(-s "${COMP_WORDS[i + 1]}")
	done
	aaau "${socket[@]}" ls 2>/dev/null |
		awk 'NR > 1 { print $1; if ($2 != "-") print $2 }'
}

_aaau()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local agents="claude codex gemini opencode" verbs="run attach ls status kill detach freeze thaw panic help"
	local common="-s --socket -q --quiet -h --help"
	local verb="" i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | -p | --program | -n | --session | --name | --agent | --detach-keys)
			((i++))
			;;
		--)
			verb=${verb:-run}
			# What follows is a program's own command line.
			_aaau_program $((i + 1))
			return
			;;
		-*) ;;
		*)
			if [[ $verb == run ]]; then
				_aaau_program "$i"
				return
			fi
			verb=${verb:-${COMP_WORDS[i]}}
			;;
		esac
	done

	case $prev in
	-s | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-n | --session)
		mapfile -t COMPREPLY < <(compgen -W "$(_aaau_sessions)" -- "$cur")
		return
		;;
	--agent)
		mapfile -t COMPREPLY < <(compgen -W "default $agents" -- "$cur")
		return
		;;
	--detach-keys)
		mapfile -t COMPREPLY < <(compgen -W "none ctrl-],d ctrl-a,d" -- "$cur")
		return
		;;
	-p | --program | --name) return ;;
	esac

	case $verb in
	"")
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common -p --program -n --session -r
				--read-only --name --detach-keys -V --version" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$verbs $agents" -- "$cur")
		fi
		;;
	run)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common --name -d --detached --agent
				--detach-keys --" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		fi
		;;
	attach | status | kill | detach | freeze | thaw)
		if [[ $cur == -* ]]; then
			local -A options=([attach]="-r --read-only --detach-keys" [status]="--json"
				[kill]="" [detach]="-a --all" [freeze]="" [thaw]="-a --all")
			mapfile -t COMPREPLY < <(compgen -W "$common ${options[$verb]}" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_aaau_sessions)" -- "$cur")
		fi
		;;
	panic) mapfile -t COMPREPLY < <(compgen -W "$common -a --all" -- "$cur") ;;
	ls) mapfile -t COMPREPLY < <(compgen -W "$common --json" -- "$cur") ;;
	help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$common --name --detach-keys" -- "$cur")
		;;
	esac
}

# The program of `aaau run`, and then files.
_aaau_program()
{
	if ((COMP_CWORD == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
	fi
}

complete -F _aaau aaau
