import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './documents.js'
import { followGuide, type GuideFolder, readOutput, tsc } from './guide-files.js'

// Integration tests, because they use the built packages and run the whole kit; they need no engine.
describe('the files of docs/writing-a-runtime.md', { timeout: 180_000 }, () => {
  const document = 'docs/writing-a-runtime.md'
  let guide: GuideFolder
  beforeAll(async () => {
    guide = await followGuide(document)
  })
  afterAll(async () => await guide[Symbol.asyncDispose]())

  it('compile', async () => {
    expect(guide.files).toEqual(['package.json', 'index.js', 'conformance.test.js'])
    const compilerOptions = { ...options, allowJs: true, checkJs: true, noEmit: true }
    await writeFile(join(guide.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.js'] }))
    expect(await guide.run(process.execPath, [tsc, '-p', '.'])).toBe('')
  })

  it('pass the kit in a test', async () => {
    const output = await guide.run(process.execPath, ['--test', '--test-reporter=tap', 'conformance.test.js'])
    expect(output).toMatch(/^# pass \d{3}$/m)
    expect(output).toMatch(/^# fail 0$/m)
  })

  it('pass the kit on the command line with the documented output', async () => {
    const argv = [bin, 'conformance', '--plugin', '.', '--report', 'conformance.json']
    const output = await guide.run(process.execPath, argv)
    expect(withoutDuration(output)).toContain(withoutDuration(await readOutput(document, 'Unsupported options')))
  })
})

describe('the files of docs/writing-a-feature.md', { timeout: 120_000 }, () => {
  const document = 'docs/writing-a-feature.md'
  let guide: GuideFolder
  beforeAll(async () => {
    guide = await followGuide(document)
  })
  afterAll(async () => await guide[Symbol.asyncDispose]())

  it('compile, print the documented output and pass their tests', async () => {
    expect(guide.files).toContain('tsconfig.json')
    expect(await guide.run(process.execPath, [tsc])).toBe('')
    const output = await guide.run(process.execPath, ['dist/main.js'])
    expect(output).toBe(await readOutput(document, output.split('\n')[0] ?? ''))
    const tests = await guide.run(process.execPath, ['--test', '--test-reporter=tap', 'dist/preview-feature.test.js'])
    expect(tests).toMatch(/^# pass 6$/m)
  })
})

/** Removes the duration, which differs at each run. */
function withoutDuration(page: string): string {
  return page.replace(/ in \S+s\n/, '\n')
}

const bin = join(root, 'packages/cli/dist/bin.js')
const options = { target: 'ES2022', module: 'NodeNext', types: ['node'], strict: true, skipLibCheck: true }
