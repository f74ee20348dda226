import { expect, test } from 'vitest'
import { isMountInfoOf, parseContainerCgroups } from '../../../tools/engines/engine-processes.mjs'

test('finds the cgroup of a container of Podman in each hierarchy', () => {
  const text = '5:memory:/libpod_parent/libpod-0123/container\n4:cpu,cpuacct:/libpod_parent/libpod-conmon-0123\n'
  expect(parseContainerCgroups(text)).toEqual(['libpod_parent/libpod-0123', 'libpod_parent/libpod-conmon-0123'])
  expect(parseContainerCgroups('0::/libpod_parent/libpod-4567\n')).toEqual(['libpod_parent/libpod-4567'])
})

test('finds no cgroup of a process outside of containers', () => {
  expect(parseContainerCgroups('5:memory:/\n4:pids:/libpod_parent\n3:cpu:/user/libpod_parent/libpod-1\n')).toEqual([])
})

test('tells the mounts of an engine from those of another with a similar name', () => {
  const text =
    '36 35 0:43 / / rw - overlay overlay rw,upperdir=/var/lib/capstan-engines/28-containerd/root/upper,workdir=/w\n'
  expect(isMountInfoOf('28-containerd', text)).toBe(true)
  expect(isMountInfoOf('28', text)).toBe(false)
})
