import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerSample } from '@capstan/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AppleContainerStats } from '../../src/apple-container-stats.js'
import { createContext } from '../create-context.js'

describe.skipIf(process.platform === 'win32')('watch', () => {
  it('measures at most once each second when the command answers at once', async () => {
    // So that the runs of the command seem to take no time, however busy the machine is.
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const stats = await openStats()
    const times: number[] = []
    await using samples = stats.watch('web')
    for await (const { at } of samples) if (times.push(at.getTime()) === 2) break
    const [first = 0, second = 0] = times
    expect(second - first).toBeGreaterThanOrEqual(990)
  })

  it('ends at once when it is disposed between two measurements', async () => {
    const stats = await openStats()
    const read: ContainerSample[] = []
    const samples = stats.watch('web')
    const watched = (async () => {
      for await (const sample of samples) {
        read.push(sample)
        void samples[Symbol.asyncDispose]()
      }
    })()
    await watched
    expect(read).toHaveLength(1)
  })
})

/** The statistics by a command that answers at once. */
async function openStats(): Promise<AppleContainerStats> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-stats-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const command = join(directory, 'container')
  await writeFile(command, `#!/bin/sh\n[ "$1" = stats ] && echo '${measured}' || echo '${inspected}'\n`)
  await chmod(command, 0o755)
  return new AppleContainerStats(createContext(command))
}

const measured = JSON.stringify([{ id: 'web', cpuUsageUsec: 1, memoryUsageBytes: 1 }])
const inspected = JSON.stringify([
  {
    id: 'web',
    configuration: {
      id: 'web',
      image: { reference: 'docker.io/library/nginx:latest', descriptor: { digest: 'sha256:1f2e3d' } },
      initProcess: { executable: '/entry', arguments: [] },
    },
    status: { state: 'running', startedDate: '2026-08-07T22:17:54Z', networks: [] },
  },
])
