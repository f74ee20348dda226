import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findLeftovers, listEngineObjects } from '../../../tools/engine/leftovers.mjs'

const old = { kind: 'network', id: '1', name: 'bridge', labels: {} }
const ours = { kind: 'volume', id: '2', name: 'ours', labels: { 'capstan.owner.pid': '7' } }
const foreign = { kind: 'volume', id: '1', name: 'foreign', labels: { other: '1' } }

test('finds new resources of the same kind', () => {
  expect(findLeftovers([old], [old, ours, foreign], { isShared: false })).toEqual([ours, foreign])
})

test('finds only labelled resources on a shared engine', () => {
  expect(findLeftovers([old], [old, ours, foreign], { isShared: true })).toEqual([ours])
})

test('ignores images without tags and owner on an engine that keeps the steps of builds', () => {
  const step = { kind: 'image', id: '3', name: '3', labels: { 'capstan.test': '1' } }
  const owned = { kind: 'image', id: '4', name: '4', labels: { 'capstan.owner.instance': 'x' } }
  const tagged = { kind: 'image', id: '5', name: 'app:1', labels: {} }
  const now = [step, owned, tagged]
  expect(findLeftovers([], now, { isShared: false })).toEqual(now)
  expect(findLeftovers([], now, { isShared: false, keepsSteps: true })).toEqual([owned, tagged])
})

test('ignores test images, and one that a newer one has replaced', () => {
  const replaced = { kind: 'image', id: '3', name: 'capstan-test/busybox:1', labels: {} }
  const untagged = { ...replaced, name: '3' }
  const newer = { ...replaced, id: '4' }
  expect(findLeftovers([replaced], [untagged, newer], { isShared: false })).toEqual([])
  expect(findLeftovers([], [untagged, newer], { isShared: false })).toEqual([untagged])
})

test('lists images without tags, and test images by their name', async () => {
  const labels = { 'capstan.test.digest': 'ab' }
  const images = [
    { Id: '1', RepoTags: ['app:1', 'capstan-test/busybox:1'], Labels: labels },
    { Id: '2', RepoTags: ['docker.io/capstan-test/fake-buildkit:1'], Labels: labels },
    { Id: '3', RepoTags: ['<none>:<none>'], Labels: labels },
    { Id: '4', RepoTags: null, Labels: null },
  ]
  expect(await listOf({ '/images/json?all=1': images })).toEqual([
    { kind: 'image', id: '1', name: 'capstan-test/busybox:1', labels },
    { kind: 'image', id: '2', name: 'docker.io/capstan-test/fake-buildkit:1', labels },
    { kind: 'image', id: '3', name: '3', labels },
    { kind: 'image', id: '4', name: '4', labels: {} },
  ])
})

/** Lists the objects of an engine that has these answers, and empty ones to all other requests. */
async function listOf(answers: Readonly<Record<string, unknown>>) {
  const directory = mkdtempSync(join(tmpdir(), 'capstan-engine-'))
  const socketPath = join(directory, 'engine.sock')
  const server = createServer(({ url = '' }, response) => {
    response.end(JSON.stringify(answers[url] ?? (url === '/volumes' ? { Volumes: null } : [])))
  }).listen(socketPath)
  try {
    await once(server, 'listening')
    return await listEngineObjects({ protocol: 'http:', socketPath })
  } finally {
    const closed = once(server.close(), 'close')
    server.closeAllConnections()
    await closed
    rmSync(directory, { recursive: true })
  }
}
