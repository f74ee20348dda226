import { execFileSync } from 'node:child_process'
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins: readonly RuntimePlugin[]
let cwd: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, cwd, ...more })
const ids = async (...argv: readonly string[]) =>
  (await capstan(['images', '-q', '--no-trunc', ...argv])).stdout.trim().split('\n')

beforeEach(async () => {
  plugins = [memoryPlugin({ registries: ['registry.example'] })]
  cwd = await mkdtemp(join(tmpdir(), 'capstan-images-'))
})
afterEach(() => rm(cwd, { recursive: true }))

async function build(tag: string, dockerfile = 'FROM busybox\nENV A=1\nCMD ["echo", "built"]\n'): Promise<void> {
  const { exitCode } = await capstan(['build', '-q', '-t', tag, '-f', '-', '.'], { stdin: dockerfile })
  expect(exitCode).toBe(0)
}

describe('capstan images', () => {
  it('lists a row for each tag, the newest image first', async () => {
    await build('app:1')
    await capstan(['tag', 'app:1', 'registry.example/team/app:2'])
    const { stdout } = await capstan(['images'])
    const lines = stdout.split('\n').map((line) => line.split(/ {3,}/))
    expect(lines[0]).toEqual(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'])
    expect(lines.slice(1).map(([repository, tag]) => `${repository}:${tag}`)).toEqual([
      'app:1',
      'registry.example/team/app:2',
      'busybox:latest',
      ':undefined',
    ])
    expect(lines[1]?.[2]).toMatch(/^[0-9a-f]{12}$/)
  })

  it.each<readonly [readonly string[], readonly string[]]>([
    [['app'], ['app:1', 'app:2']],
    [['app:2'], ['app:2']],
    [['registry.example/*'], ['registry.example/app:1']],
    [
      ['-f', 'reference=*:1'],
      ['app:1', 'registry.example/app:1'],
    ],
    [['-f', 'label=role'], ['app:2']],
    [['-f', 'label=role=x', '-f', 'reference=app'], ['app:2']],
    [['-f', 'label=role=y'], []],
    [['-f', 'dangling=true'], []],
  ])('selects by %j', async (argv, tags) => {
    await build('app:1')
    await build('app:2', 'FROM busybox\nLABEL role=x\n')
    await capstan(['tag', 'app:1', 'registry.example/app:1'])
    const { stdout } = await capstan(['images', '--format', '{{.Repository}}:{{.Tag}}', ...argv])
    expect(stdout.trim().split('\n').filter(Boolean).sort()).toEqual(tags)
  })

  it.each(['none=1', 'dangling', 'dangling=maybe'])('rejects the filter %s', async (filter) => {
    const { exitCode, stderr } = await capstan(['images', '-f', filter])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('--filter')
  })

  it('prints full or short IDs, digests, templates and JSON', async () => {
    const [id = ''] = await ids()
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect((await capstan(['images', '-q'])).stdout).toBe(`${id.slice(7, 19)}\n`)
    expect((await capstan(['images', '--digests'])).stdout).toMatch(/TAG +DIGEST +IMAGE ID.*\n.*<none>/)
    expect((await capstan(['images', '--format', 'table {{.ID}}\t{{.Size}}'])).stdout).toMatch(/^IMAGE ID +SIZE\n/)
    const { images } = JSON.parse((await capstan(['images', '--json'])).stdout)
    expect(images).toMatchObject([{ id, tags: ['busybox:latest'] }])
  })
})

describe('capstan tag and rmi', () => {
  it('tag and remove an image by a prefix of its ID', async () => {
    await build('app:1')
    const [id = ''] = await ids('app')
    expect(await capstan(['tag', id.slice(7, 15), 'app:2'])).toMatchObject({ exitCode: 0, stdout: '' })
    const several = await capstan(['rmi', id.slice(7, 15)])
    expect(several.exitCode).toBe(125)
    expect(several.stderr).toContain('has several tags: app:1, app:2')
    expect(await capstan(['rmi', 'app:1'])).toMatchObject({ exitCode: 0, stdout: 'app:1\n' })
    expect((await capstan(['rmi', id.slice(7, 15)])).exitCode).toBe(0)
    expect(await ids('app')).toEqual([''])
  })

  it('rmi fails for an absent image, unless with --force, and removes the others', async () => {
    await build('app:1')
    const failed = await capstan(['rmi', 'absent', 'app:1'])
    expect(failed).toMatchObject({ exitCode: 125, stdout: 'app:1\n' })
    expect(failed.stderr).toContain('there is no image "absent"')
    expect(await capstan(['rmi', '-f', 'absent'])).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('tag fails for an invalid target and for an absent source', async () => {
    expect((await capstan(['tag', 'busybox', 'App'])).stderr).toContain(
      'capstan tag: TARGET must be a name in lower case',
    )
    expect((await capstan(['tag', 'absent', 'app'])).stderr).toContain('there is no image "absent"')
  })
})

describe('capstan history', () => {
  it('shows the steps, the last one first', async () => {
    await build('app:1')
    const { stdout } = await capstan(['history', 'app:1', '--format', '{{.CreatedBy}}'])
    expect(stdout.split('\n').slice(0, 2)).toEqual(['CMD ["echo", "built"]', 'ENV A=1'])
    expect((await capstan(['history', 'app:1'])).stdout).toMatch(/^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n/)
    const [id = ''] = await ids('app')
    expect((await capstan(['history', '-q', 'app:1'])).stdout).toMatch(new RegExp(`^${id.slice(7, 19)}\n<missing>\n`))
    expect((await capstan(['history', '--human=false', 'app:1', '--format', '{{.Size}}'])).stdout).toMatch(/^0\n/)
    expect((await capstan(['history', '-H', 'app:1', '--format', '{{.Size}}'])).stdout).toMatch(/^0B\n/)
    const { history } = JSON.parse((await capstan(['history', '--json', 'app:1'])).stdout)
    expect(history[0]).toMatchObject({ id, createdBy: 'CMD ["echo", "built"]' })
  })
})

describe('capstan image', () => {
  it('inspect shows the settings, also by a prefix of the ID', async () => {
    await build('app:1', 'FROM busybox\nENV A="b c"\nEXPOSE 80\nVOLUME /v\nUSER 5\nLABEL role=x\nCMD ["a b"]\n')
    const [id = ''] = await ids('app')
    const { stdout } = await capstan(['image', 'inspect', id.slice(7, 15)])
    expect(stdout).toMatch(new RegExp(`^id: +${id}\ntag: +app:1\nplatform: +linux/`))
    for (const line of [
      'command: +\\["a b"\\]',
      'user: +5',
      'ports: +80/tcp',
      'volumes: +/v',
      'variable: +A=b c',
      'label: +role=x',
    ])
      expect(stdout).toMatch(new RegExp(`^${line}$`, 'm'))
    const format = '{{json .Config.Cmd}} {{.Os}} {{index .Config.Labels "role"}} {{json .Config.Healthcheck}}'
    expect((await capstan(['image', 'inspect', '-f', format, 'app:1'])).stdout).toBe('["a b"] linux x null\n')
    expect(JSON.parse((await capstan(['image', 'inspect', '-f', 'json', 'app:1'])).stdout)).toMatchObject({ Id: id })
    const { images } = JSON.parse((await capstan(['image', 'inspect', '--json', 'app:1', 'busybox'])).stdout)
    expect(images).toMatchObject([{ id, config: { user: '5' } }, { tags: ['busybox:latest'] }])
  })

  it('inspect fails for an absent image', async () => {
    const failed = await capstan(['image', 'inspect', 'absent'])
    expect(failed).toMatchObject({ exitCode: 125, stdout: '' })
    expect(failed.stderr).toContain('there is no image "absent"')
  })

  it('has the other commands of images as subcommands', async () => {
    expect((await capstan(['image', 'tag', 'busybox', 'app:1'])).exitCode).toBe(0)
    expect((await capstan(['image', 'ls', '--format', '{{.Repository}}'])).stdout).toBe('busybox\napp\n')
    expect((await capstan(['image', 'rm', 'app:1'])).stdout).toBe('app:1\n')
  })
})

describe('capstan push', () => {
  it('pushes one tag, or all tags of a repository, and prints their digests', async () => {
    await build('registry.example/app:1')
    await capstan(['tag', 'registry.example/app:1', 'registry.example/app:2'])
    const one = await capstan(['push', 'registry.example/app:1'])
    expect(one.stdout).toMatch(/^registry\.example\/app@sha256:[0-9a-f]{64}\n$/)
    expect(one.stderr).toContain('Pushing registry.example/app:1\n')
    const all = await capstan(['push', '-q', '-a', 'registry.example/app'])
    expect(all.stdout.split('\n')).toHaveLength(3)
    expect(all.stderr).toBe('')
    const { pushed } = JSON.parse((await capstan(['push', '--json', '-q', 'registry.example/app:2'])).stdout)
    expect(pushed).toMatchObject([{ image: 'registry.example/app:2', digest: expect.stringMatching(/^sha256:/) }])
  })

  it('fails for a registry that rejects it, an absent image, and a tag with --all-tags', async () => {
    await build('other.example/app:1')
    const failed = await capstan(['push', 'other.example/app:1'])
    expect(failed.exitCode).toBe(125)
    expect(failed.stderr).toMatch(/image "other.example\/app:1" could not be pushed: .*\n.*capstan login/)
    expect((await capstan(['push', 'absent'])).stderr).toContain('there is no image "absent"')
    expect((await capstan(['push', '-a', 'app:1'])).stderr).toContain('a name without a tag, with --all-tags')
  })
})

describe('capstan save and load', () => {
  it('save several images to a file, and load them from it and from stdin', async () => {
    await build('app:1')
    expect(await capstan(['save', '-o', 'out.tar', 'app:1', 'busybox'])).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await readdir(cwd)).toEqual(['out.tar'])
    await capstan(['rmi', 'app:1'])
    const loaded = await capstan(['load', '-i', 'out.tar'])
    expect(loaded).toMatchObject({ exitCode: 0, stdout: 'Loaded image: app:1\nLoaded image: busybox:latest\n' })
    const stdin = await readFile(join(cwd, 'out.tar'))
    expect((await capstan(['load', '-q'], { stdin })).stdout).toBe(loaded.stdout)
    expect((await capstan(['run', '--rm', 'app:1'])).stdout).toBe('built\n')
  })

  it('save writes to stdout, but not to a terminal', async () => {
    expect((await capstan(['save', 'busybox'])).stdout).toContain('manifest.json')
    expect(await capstan(['save', 'busybox'], { columns: 80 })).toMatchObject({ exitCode: 125, stdout: '' })
  })

  it('save keeps an earlier file when it fails', async () => {
    await writeFile(join(cwd, 'out.tar'), 'earlier')
    const failed = await capstan(['save', '-o', 'out.tar', 'absent'])
    expect(failed).toMatchObject({ exitCode: 125 })
    expect(failed.stderr).toContain('there is no image "absent"')
    expect(await readFile(join(cwd, 'out.tar'), 'utf8')).toBe('earlier')
    expect(await readdir(cwd)).toEqual(['out.tar'])
    expect((await capstan(['save', '-o', 'no/out.tar', 'busybox'])).stderr).toContain('its directory does not exist')
  })

  it('save writes to the file of a link, and to a pipe, and replaces neither', async () => {
    const [link, pipe] = [join(cwd, 'link.tar'), join(cwd, 'pipe')]
    await symlink('out.tar', link)
    await writeFile(join(cwd, 'out.tar'), 'earlier')
    expect(await capstan(['save', '-o', 'link.tar', 'busybox'])).toMatchObject({ exitCode: 0 })
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
    expect(await readFile(join(cwd, 'out.tar'), 'utf8')).toContain('manifest.json')
    execFileSync('mkfifo', [pipe])
    const [saved, read] = await Promise.all([capstan(['save', '-o', 'pipe', 'busybox']), readFile(pipe, 'utf8')])
    expect(saved).toMatchObject({ exitCode: 0 })
    expect(read).toContain('manifest.json')
    expect((await lstat(pipe)).isFIFO()).toBe(true)
    expect(await readdir(cwd)).toEqual(['link.tar', 'out.tar', 'pipe'])
  })

  it('load fails for a file that it cannot read, a terminal, and data that is no archive', async () => {
    expect((await capstan(['load', '-i', 'none'])).stderr).toContain('none cannot be read: it does not exist')
    expect((await capstan(['load', '-i', '.'])).stderr).toContain('it is a directory')
    expect((await capstan(['load'], { isTerminal: true })).stderr).toContain('stdin is a terminal')
    expect((await capstan(['load'], { stdin: 'no archive at all' })).exitCode).toBe(125)
  })
})

describe('capstan commit', () => {
  it('creates an image with the changes, and prints its ID', async () => {
    const ran = await capstan(['run', '--name', 'box', 'busybox', 'sh', '-c', 'echo kept > /note'])
    expect(ran.exitCode).toBe(0)
    const changes = ['ENV A="b c" D=e', 'LABEL role=x', 'CMD ["cat", "/note"]', 'EXPOSE 80 53/udp', 'WORKDIR /']
    const argv = changes.flatMap((change) => ['-c', change])
    const { stdout } = await capstan(['commit', '-a', 'me', '-m', 'why', '--pause=false', ...argv, 'box', 'app:1'])
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    expect((await capstan(['run', '--rm', 'app:1'])).stdout).toBe('kept\n')
    expect((await capstan(['run', '--rm', 'app:1', 'sh', '-c', 'echo $A $D'])).stdout).toBe('b c e\n')
    expect((await capstan(['history', 'app:1', '--format', '{{.Comment}}'])).stdout).toMatch(/^why\n/)
    expect((await capstan(['images', '-q', '-f', 'label=role=x'])).stdout).not.toBe('')
  })

  it.each([
    'RUN true',
    'HEALTHCHECK NONE',
    'CMD []',
    'EXPOSE x',
    'WORKDIR here',
    'ENV A',
    'LABEL a="b',
    'CMD a\nCMD b',
    '',
  ])('rejects the change %j before it looks for the container', async (change) => {
    const { exitCode, stderr } = await capstan(['commit', '-c', change, 'absent'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('--change must be a valid instruction')
  })

  it('fails for an absent container and an invalid name', async () => {
    expect((await capstan(['commit', 'absent'])).stderr).toContain('there is no container "absent"')
    expect((await capstan(['commit', '-p', 'absent'])).stderr).toContain('there is no container "absent"')
    expect((await capstan(['commit', 'absent', 'App'])).stderr).toContain('must be a name in lower case')
    expect((await capstan(['commit', '--pause=maybe', 'absent'])).stderr).toContain('--pause must be true or false')
  })
})
