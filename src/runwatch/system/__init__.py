"""What everybody asks of the operating system: files, folders, mounts, inotify, threads. Knows no runs."""
