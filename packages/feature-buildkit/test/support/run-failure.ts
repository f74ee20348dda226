/** The error of runc when it cannot create a cgroup. Seen with BuildKit v0.32.2 and only SYS_ADMIN, on cgroup v1. */
export const cgroupError =
  'runc run failed: unable to start container process: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpuset/buildkit: read-only file system'

/** The output of `buildctl build --progress=rawjson` for a RUN with this error. */
export function toRunFailure(): string {
  const log = { vertex: 'sha256:1', stream: 2, data: Buffer.from(`${cgroupError}\n`).toString('base64') }
  const message = 'failed to solve: process "/bin/sh -c :" did not complete successfully: exit code: 1'
  return `${JSON.stringify({ logs: [log] })}\nerror: ${message}\n`
}
