# The daemon that runs names its commands.
if not hobctl completion fish 2>/dev/null | source
    complete -c hobctl -f -n __fish_use_subcommand -a "chat send status doctor logs events call completion help"
end
