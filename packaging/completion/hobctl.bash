# Loaded at the first Tab after hobctl; the daemon that runs names its commands.
_hobctl_script=$(hobctl completion bash 2>/dev/null) && eval "$_hobctl_script" ||
  complete -W "chat send status doctor logs events call completion help" hobctl
unset _hobctl_script
