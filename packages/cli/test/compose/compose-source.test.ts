import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ComposeProjectOptions, findComposeSource, findProjectName } from '../../src/compose/compose-source.js'
import { FakeIo, type FakeIoOptions } from '../support/fake-io.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-Source.'))
  await mkdir(join(directory, 'My_App', 'below'), { recursive: true })
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const write = (name: string, text = 'services: {}') => writeFile(join(directory, name), text)
const find = (options: ComposeProjectOptions = {}, { cwd = 'My_App', ...io }: FakeIoOptions = {}) =>
  findComposeSource(options, new FakeIo({ cwd: join(directory, cwd), ...io }))

describe('findComposeSource', () => {
  it('finds the file and the override file in the nearest folder, and names the project after the folder', async () => {
    await write('compose.yaml')
    await write('My_App/docker-compose.yml')
    await write('My_App/docker-compose.override.yml')
    expect(await find({}, { cwd: 'My_App/below' })).toMatchObject({
      name: 'my_app',
      files: ['docker-compose.yml', 'docker-compose.override.yml'].map((name) => join(directory, 'My_App', name)),
    })
    await write('My_App/compose.yaml')
    expect((await find()).files?.[0]).toBe(join(directory, 'My_App', 'compose.yaml'))
  })

  it('reads the given files without an override file, relative to the working directory', async () => {
    await write('one.yaml')
    await write('two.yaml', 'name: from-file\nservices: {}')
    const options = { file: ['../one.yaml', '../two.yaml'], envFile: ['x.env'], profile: ['debug'] }
    expect(await find({ ...options, projectDirectory: '..' }, { env: { A: '1', B: undefined } })).toEqual({
      name: 'from-file',
      files: [join(directory, 'one.yaml'), join(directory, 'two.yaml')],
      directory,
      envFiles: [join(directory, 'My_App', 'x.env')],
      profiles: ['debug'],
      env: { A: '1' },
    })
  })

  it('reads stdin for -, with the working directory for relative paths', async () => {
    const content = 'services: {a: {image: x}}'
    expect(await find({ file: ['-'] }, { stdin: content })).toMatchObject({
      name: 'my_app',
      content,
      directory: join(directory, 'My_App'),
    })
    await expect(find({ file: ['-', 'x'] })).rejects.toThrow('cannot be used with another --file')
  })

  it('takes the name from the option, then COMPOSE_PROJECT_NAME, then the file', async () => {
    await write('My_App/compose.yaml', 'name: of-file')
    const name = async (options: ComposeProjectOptions, env = {}) => (await find(options, { env })).name
    expect(await name({ projectName: 'given' }, { COMPOSE_PROJECT_NAME: 'of-env' })).toBe('given')
    expect(await name({}, { COMPOSE_PROJECT_NAME: 'of-env' })).toBe('of-env')
    expect(await name({})).toBe('of-file')
    await write('My_App/compose.yaml', "name: '$USER'")
    await expect(name({})).rejects.toThrow('has variables')
  })

  it('uses COMPOSE_FILE, and passes COMPOSE_PROFILES as a variable', async () => {
    await write('one.yaml')
    await write('two.yaml')
    const env = { COMPOSE_FILE: '../one.yaml|../two.yaml', COMPOSE_PATH_SEPARATOR: '|', COMPOSE_PROFILES: 'a, b' }
    expect(await find({}, { env })).toMatchObject({
      files: [join(directory, 'one.yaml'), join(directory, 'two.yaml')],
      ...{ profiles: [], env },
    })
  })

  it('rejects when there is no file, or it cannot be read', async () => {
    await expect(find()).rejects.toThrow('there is no compose.yaml')
    await expect(find({ file: ['none.yaml'] })).rejects.toThrow('none.yaml cannot be read: it does not exist')
  })

  it('needs no file when the name is given', async () => {
    expect(await findProjectName({ projectName: 'p' }, new FakeIo({ cwd: directory }))).toBe('p')
  })
})
