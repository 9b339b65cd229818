"""What everybody asks the operating system: files, mounts, inotify, plug-ins. Knows nothing of runs."""
