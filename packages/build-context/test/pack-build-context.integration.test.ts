import { chmod, link, mkdir, utimes } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { packBuildContext } from '@capstan/build-context'
import type { Header } from 'tar-stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readHeaders } from './docker-client/compare.js'
import { DockerClient, findVersion } from './docker-client/docker-client.js'
import { makeTree } from './temp-context.js'

const client = await findVersion()
if ('problem' in client) console.warn(`Comparisons with docker's client are skipped: ${client.problem}`)

describe.skipIf('problem' in client)("docker's client", () => {
  test('sends the same names, types, modes, owners, times, links and sizes in the same order', async () => {
    const directory = await makeTree({
      ...{ Dockerfile: 'FROM scratch', a: 'text', empty: null, 'dir/b': 'text', 'open/c': '' },
      ...{
        link: { link: 'a' },
        dangling: { link: 'no/where' },
        long: { link: `${'x/'.repeat(80)}y` },
        up: { link: 'dir/../a' },
        absolute: { link: '/etc/passwd' },
        outside: { link: '../../outside' },
        'dir/parent': { link: '../..' },
      },
      ...{
        é: '',
        [`${'日本'.repeat(20)}`]: '',
        'new\nline': '',
        'back\\slash': '',
        ' lead': '',
        'trail ': '',
        'k=v': '',
      },
      ...{
        ['n'.repeat(100)]: '',
        ['n'.repeat(101)]: '',
        ['n'.repeat(255)]: '',
        [`${'p'.repeat(120)}/${'q'.repeat(99)}/r`]: '',
      },
      ...Object.fromEntries(modes.map((mode) => [`mode-${mode.toString(8)}`, { text: 'x', mode }])),
    })
    await chmod(join(directory, 'dir'), 0o700)
    await chmod(join(directory, 'open'), 0o1777)
    await mkdir(join(directory, 'm'.repeat(100)))
    for (const name of ['hard', 'dir/hard']) await link(join(directory, 'a'), join(directory, name))
    for (const [name, seconds] of [['b', 1_700_000_000.987] as const, ['hard', 1_000_000_000] as const]) {
      await utimes(join(directory, name === 'b' ? 'dir/b' : name), seconds, seconds)
    }
    const server = createServer().listen(join(directory, 'socket'))
    onTestFinished(() => void server.close())
    await using docker = await DockerClient.start()
    const sent = await docker.send(directory)
    const theirs = 'archive' in sent ? await readHeaders(Readable.from([sent.archive])) : []
    const ours = await readHeaders(await packBuildContext({ directory }))
    expect(ours.map(toFacts)).toEqual(theirs.map(toFacts))
    expect(theirs.length).toBeGreaterThan(30)
  }, 60_000)
})

function toFacts({ name, type, mode, uid, gid, mtime, linkname, size }: Header) {
  return { name, type, mode, uid, gid, mtime, linkname, size }
}

const modes = [0, 0o600, 0o644, 0o755, 0o4755, 0o2755, 0o1777, 0o7777]
