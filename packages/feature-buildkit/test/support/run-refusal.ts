import { readFixture } from './read-fixture.js'

/** What runc says where it may not make a cgroup: seen of BuildKit v0.32.2 with SYS_ADMIN alone, on cgroup v1. */
export const cgroupRefusal =
  'runc run failed: unable to start container process: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpuset/buildkit: read-only file system'

/** What `buildctl build --progress=rawjson` writes of a RUN that fails by that: the recording of another failing RUN, with these words as its output. */
export function toRunRefusal(): string {
  const recorded = readFixture('build-run-exit-9.stderr.txt').toString()
  return recorded.replace(/"data":"[^"]*"/, `"data":"${Buffer.from(`${cgroupRefusal}\n`).toString('base64')}"`)
}
