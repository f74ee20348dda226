import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'

/** The error of runc when it cannot create a cgroup. Seen with BuildKit v0.32.2 and only SYS_ADMIN, on cgroup v1. */
export const cgroupError =
  'runc run failed: unable to start container process: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpuset/buildkit: read-only file system'

/** The output of `buildctl build --progress=rawjson` for a RUN with this error, made from the recording of another failed RUN. */
export function toRunFailure(): string {
  const recorded = readFixture('build-run-exit-9.stderr.txt').toString()
  return recorded.replace(/"data":"[^"]*"/, `"data":"${Buffer.from(`${cgroupError}\n`).toString('base64')}"`)
}
