import type { ContainerConfig } from '@capstan/core'
import { expect, it } from 'vitest'
import { runToEnd } from '../../support/collect.js'
import { openMemory } from '../../support/open-memory.js'

it.each<[string, Partial<ContainerConfig>, string, string]>([
  ['its limit of memory', { memoryBytes: 1e8 }, 'cat /sys/fs/cgroup/memory.max', '100000000'],
  ['no limit of memory', {}, 'cat /sys/fs/cgroup/memory.max', 'max'],
  ['its CPUs', { cpus: 0.5 }, 'cat /sys/fs/cgroup/cpu.max', '50000 100000'],
  ['its limit of processes', { pidsLimit: 9 }, 'cat /sys/fs/cgroup/pids.max', '9'],
  ['its limit of files', { ulimits: [{ name: 'nofile', soft: 10, hard: 20 }] }, 'ulimit -n', '10'],
  ['its name servers', { dns: ['1.1.1.1'] }, 'cat /etc/resolv.conf', 'nameserver 1.1.1.1'],
  ['its capabilities', {}, 'awk "/CapEff/ { print \\$2 }" /proc/self/status', '00000000a80425fb'],
  [
    'its capabilities with an added one',
    { capAdd: ['NET_ADMIN'] },
    'awk "/CapEff/ { print \\$2 }" /proc/self/status',
    '00000000a80435fb',
  ],
  [
    'no capabilities when all are dropped',
    { capDrop: ['ALL'] },
    'awk "/CapEff/ { print \\$2 }" /proc/self/status',
    '0000000000000000',
  ],
  [
    'all capabilities when it is privileged',
    { privileged: true },
    'awk "/CapEff/ { print \\$2 }" /proc/self/status',
    '000001ffffffffff',
  ],
  [
    'no new privileges',
    { securityOptions: ['no-new-privileges'] },
    'awk "/NoNewPrivs/ { print \\$2 }" /proc/self/status',
    '1',
  ],
  ['that it is process 1', {}, 'echo $$', '1'],
  ['that an init is process 1', { init: true }, 'echo $$', '2'],
])('shows a container %s', async (_, config, script, expected) => {
  await using memory = await openMemory()
  const { stdout } = await runToEnd(memory.runtime, { image: 'busybox', ...config, command: ['sh', '-c', script] })
  expect(stdout).toBe(`${expected}\n`)
})
