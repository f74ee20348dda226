/** The error of runc when it cannot create a cgroup. Seen with BuildKit v0.32.2 and only SYS_ADMIN, on cgroup v1. */
export const cgroupError =
  'runc run failed: unable to start container process: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpuset/buildkit: read-only file system'
