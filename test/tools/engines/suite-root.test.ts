import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toTarArchive } from '../../../tools/engine/tar-archive.mjs'
import { runProgram } from '../../../tools/run-program.mjs'
import { root } from '../../../tools/workspace.mjs'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'capstan-suite-'))
  for (const name of ['bin', 'mirror', 'cache']) mkdirSync(join(directory, name))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${script}`, { mode: 0o755 })
  }
  publish()
})

afterEach(() => rmSync(directory, { recursive: true }))

// The programs need GNU tar.
describe.skipIf(process.platform !== 'linux')('the root of a suite', () => {
  test('is made from the packages once, and used from the cache without the archive', async () => {
    const made = await prepare()
    expect(readProgram(made.root)).toBe('one')
    rmSync(join(directory, 'mirror'), { recursive: true })
    expect(await prepare()).toEqual({ root: made.root, said: [], error: undefined })
  })

  test('is made again when one byte of it was changed, without a download', async () => {
    const made = await prepare()
    writeFileSync(join(made.root, 'usr', 'bin', 'engine'), 'onE')
    expect(await prepare()).toMatchObject({ said: [expect.stringContaining('was changed'), expect.anything()] })
    expect(readProgram(made.root)).toBe('one')
    expect(readDownloads()).toEqual(['engine.deb'])
  })

  test.each<[string, (file: string) => void]>([
    ['is missing', (file) => rmSync(file)],
    ['has the right size and another hash', (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length))],
    ['has another size', (file) => writeFileSync(file, 'x')],
  ])('is made from a package that is downloaded again when the cached one %s', async (_, damage) => {
    const made = await prepare()
    rmSync(`${made.root}.json`)
    damage(join(directory, 'cache', 'forky', 'archives', 'engine.deb'))
    expect(await prepare()).toMatchObject({ root: made.root, error: undefined })
    expect(readProgram(made.root)).toBe('one')
    expect(readDownloads()).toEqual(['engine.deb', 'engine.deb'])
  })

  test('is not made from a package whose hash differs from the index', async () => {
    appendFileSync(join(directory, 'mirror', 'engine.deb'), 'x')
    const { root, error } = await prepare()
    expect(root).toBe('')
    expect(error).toMatch(/EngineSetUpError: .*engine\.deb is missing or has another hash than in the index/)
    expect(readdirSync(join(directory, 'cache', 'forky')).filter((name) => name.startsWith('root-'))).toEqual([])
  })
})

/** Puts a package into the archive, and its hash into the index. */
function publish() {
  const folders = ['etc', 'usr', 'usr/bin'].map((path) => ({ path, directory: true }) as const)
  const archive = toTarArchive([...folders, { path: 'usr/bin/engine', mode: 0o755, content: Buffer.from('one') }])
  const sha256 = createHash('sha256').update(archive).digest('hex')
  writeFileSync(join(directory, 'mirror', 'engine.deb'), archive)
  const line = `'http://archive/engine.deb' engine.deb ${archive.length} SHA256:${sha256}\n`
  writeFileSync(join(directory, 'mirror', 'uris'), line)
}

/** Prepares the root in another process, because the folder of the cache is read from the environment once. */
async function prepare() {
  const { CAPSTAN_ENGINES_CACHE, ...rest } = process.env
  const env = {
    ...rest,
    PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
    CAPSTAN_ENGINES_CACHE: join(directory, 'cache'),
    MIRROR: join(directory, 'mirror'),
    LOG: join(directory, 'downloads'),
  }
  const module = pathToFileURL(join(root, 'tools', 'engines', 'suite-root.mjs')).href
  const script = `
    const { prepareSuiteRoot } = await import(${JSON.stringify(module)})
    const said = []
    const result = await prepareSuiteRoot('forky', (line) => said.push(line)).then(
      (root) => ({ root }),
      (error) => ({ root: '', error: error.constructor.name + ': ' + error.message }),
    )
    console.log(JSON.stringify({ ...result, said }))`
  const { code, output } = await runProgram(process.execPath, ['--input-type=module', '--eval', script], { env })
  if (code !== 0) throw new Error(output)
  const { root: made, said, error }: { root: string; said: readonly string[]; error?: string } = JSON.parse(output)
  return { root: made, said, error }
}

function readProgram(made: string) {
  return readFileSync(join(made, 'usr', 'bin', 'engine'), 'utf8')
}

function readDownloads() {
  const log = join(directory, 'downloads')
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
}

/** Programs like those of apt and dpkg, for an archive in a folder. A package is the tar of its files. */
const programs = {
  'apt-config': 'exit 0\n',
  'apt-get': `
case "$*" in
  indextargets*) echo "Debian forky http://archive/debian/" ;;
  *--print-uris*) cat "$MIRROR/uris" ;;
  *--download-only*)
    archives=$(sed -n 's/^Dir::Cache::archives "\\(.*\\)";$/\\1/p' "$APT_CONFIG")
    size=$(sed -n 's/.* \\([0-9]*\\) SHA256.*/\\1/p' "$MIRROR/uris")
    # Like apt, a file of the right size is not looked at.
    [ "$(stat -c %s "$archives/engine.deb" 2>/dev/null)" = "$size" ] && exit 0
    cp "$MIRROR/engine.deb" "$archives/engine.deb"
    echo engine.deb >> "$LOG" ;;
esac
`,
  'dpkg-deb': 'exec cat "$2"\n',
}
