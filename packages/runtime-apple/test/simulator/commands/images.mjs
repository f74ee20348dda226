import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CommandError } from '../command-error.mjs'
import { copyTree } from '../programs.mjs'
import { toImageShapes, toJson } from '../shapes.mjs'
import { normalise } from '../state.mjs'

export const imageCommands = {
  'image list': ({ state, caller, options }) => {
    const shapes = [...state.images.values()].flatMap((image) => toImageShapes(state, image, true))
    caller.print(options.get('format')?.[0] === 'json' ? toJson(shapes) : '')
  },
  'image inspect': ({ state, caller, positionals }) => {
    const shapes = positionals.map((reference) => {
      const image = state.findImage(reference)
      if (image === undefined) throw new CommandError(`image not found: ${reference}`)
      return toImageShapes(state, { ...image, references: [normalise(reference)] }, false)
    })
    caller.print(toJson(shapes.flat(), true))
  },
  'image pull': async ({ state, positionals: [reference] }) => {
    await pullImage(state, reference)
  },
  'image push': ({ state, positionals: [reference] }) => {
    const name = normalise(reference)
    const image = state.findImage(reference)
    if (image === undefined) throw new CommandError(`image not found: ${reference}`)
    const registry = join(state.home, 'registry')
    const [host] = name.split('/')
    const hosts = existsSync(registry)
      ? readdirSync(registry).map((entry) => decodeURIComponent(entry).split('/')[0])
      : []
    if (!hosts.includes(host))
      throw new CommandError(
        `internalError: "failed to push ${name}: HTTP request failed: connect to ${host}: Connection refused (errno: 61)"`,
      )
    const place = join(registry, encodeURIComponent(name))
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place, { recursive: true })
    copyTree(join(state.place('images', image.digest), 'rootfs'), join(place, 'rootfs'))
    writeFileSync(join(place, 'record.json'), JSON.stringify({ ...image, references: [name] }))
  },
  'image tag': ({ state, caller, positionals: [source, target] }) => {
    const image = state.findImage(source)
    if (image === undefined) throw new CommandError(`image not found: ${source}`)
    tag(state, image, target)
    caller.print(target)
  },
  'image delete': ({ state, caller, options, positionals }) => {
    const failed = []
    for (const reference of positionals) {
      const image = state.findImage(reference)
      if (image === undefined) failed.push(reference)
      else {
        untag(state, image, normalise(reference))
        caller.print(reference)
      }
    }
    if (failed.length > 0 && !options.has('force'))
      throw new CommandError(`internalError: "failed to delete one or more images: ${JSON.stringify(failed)}"`)
  },
  'image save': ({ state, options, positionals }) => {
    const images = positionals.map((reference) => {
      const image = state.findImage(reference)
      if (image === undefined) throw new CommandError(`image not found: ${reference}`)
      return { ...image, references: [normalise(reference)] }
    })
    const directory = mkdtempSync(join(state.home, 'save-'))
    writeFileSync(join(directory, 'index.json'), JSON.stringify(images))
    mkdirSync(join(directory, 'blobs'))
    for (const { digest } of images)
      spawnSync('cp', ['-a', join(state.place('images', digest), 'rootfs'), join(directory, 'blobs', digest)])
    const { status, stderr } = spawnSync(
      'tar',
      ['--format=ustar', '-C', directory, '-cf', resolve(options.get('output')[0]), 'index.json', 'blobs'],
      { encoding: 'utf8' },
    )
    rmSync(directory, { recursive: true })
    if (status !== 0) throw new CommandError(`internalError: "${stderr}"`)
  },
  'image load': ({ state, caller, options }) => {
    const directory = mkdtempSync(join(state.home, 'load-'))
    try {
      const { status } = spawnSync('tar', ['-C', directory, '-xf', resolve(options.get('input')[0])])
      const index = join(directory, 'index.json')
      if (status !== 0 || !existsSync(index))
        throw new CommandError('invalidArgument: "failed to extract archive: unrecognized archive format"')
      for (const loaded of JSON.parse(readFileSync(index, 'utf8'))) {
        if (!state.images.has(loaded.digest))
          add(state, { ...loaded, references: [] }, join(directory, 'blobs', loaded.digest))
        for (const reference of loaded.references) {
          tag(state, state.images.get(loaded.digest), reference)
          caller.print(reference)
        }
      }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

/** Adds an image with the folder as its root file system. */
export function add(state, image, root) {
  const place = state.place('images', image.digest)
  mkdirSync(join(place, 'rootfs'), { recursive: true })
  copyTree(root, join(place, 'rootfs'))
  state.images.set(image.digest, image)
  state.save('images', image.digest)
}

/** Tags an image. Another image loses the reference. */
export function tag(state, image, reference) {
  const name = normalise(reference)
  const holder = state.findImage(name)
  if (holder === image) return
  image.references.push(name)
  state.save('images', image.digest)
  if (holder !== undefined) untag(state, holder, name)
}

function untag(state, image, name) {
  image.references = image.references.filter((known) => known !== name)
  if (image.references.length === 0) state.remove('images', image.digest)
  else state.save('images', image.digest)
}

/** Pulls from the simulated registry: the folder `registry`, with one folder for each image. */
export async function pullImage(state, reference) {
  const place = join(state.home, 'registry', encodeURIComponent(normalise(reference)))
  if (!existsSync(place))
    throw new CommandError(
      `internalError: "failed to pull ${normalise(reference)}: HTTP request failed: connect to ${normalise(reference).split('/')[0]}: Connection refused (errno: 61)"`,
    )
  const image = JSON.parse(readFileSync(join(place, 'record.json'), 'utf8'))
  const held = state.images.get(image.digest)
  if (held === undefined) add(state, { ...image, references: [normalise(reference)] }, join(place, 'rootfs'))
  else tag(state, held, reference)
  return state.images.get(image.digest)
}
