import { posix } from 'node:path'
import type { Mount } from '@capstan/core'
import type { ComposeNode, ToPath } from './compose-node.js'
import type { ServiceMount } from './service-settings.js'

/** Reads `volumes` of a service by their targets. `toPath` makes a path absolute. */
export function readMounts(node: ComposeNode, toPath: ToPath): ReadonlyMap<string, ServiceMount> {
  return new Map(
    node.items().map((item) => {
      const mount = item.isMapping ? readMapping(item, toPath) : readShort(item, toPath)
      return [posix.resolve('/', mount.target), { node: item, mount }]
    }),
  )
}

/** Reads `SOURCE:TARGET[:MODE]`. A source that begins with a dot or a slash is a path, any other one is a volume. */
function readShort(node: ComposeNode, toPath: ToPath): Mount {
  const [source, target, mode = '', ...rest] = node.text().split(':')
  if (source === undefined || source === '' || rest.length > 0) return node.reject('SOURCE:TARGET[:MODE]')
  if (target === undefined) throw node.unsupported(noAnonymousVolumes)
  const modes = mode.split(',')
  const unknown = modes.find((each) => !['', 'ro', 'rw', 'z', 'Z'].includes(each))
  if (unknown !== undefined) throw node.unsupported(`the mode "${unknown}" of a mount`)
  const readOnly = modes.includes('ro') && { readOnly: true }
  if (source.startsWith('~')) throw node.unsupported('a path of a home directory')
  const isPath = /^[./]/.test(source)
  return isPath
    ? { type: 'bind', source: toPath(source), target, ...readOnly, ...toRelabel(modes) }
    : { type: 'volume', source, target, ...readOnly }
}

/** Returns the SELinux mode of a bind mount, which has no effect in the simulation. */
function toRelabel(modes: readonly string[]): { readonly relabel?: 'shared' | 'private' } {
  if (modes.includes('Z')) return { relabel: 'private' }
  return modes.includes('z') ? { relabel: 'shared' } : {}
}

function readMapping(node: ComposeNode, toPath: ToPath): Mount {
  node.checkKeys(['type', 'source', 'target', 'read_only', 'tmpfs'], {
    unsupported: ['bind', 'volume', 'consistency', 'image', 'cluster'],
  })
  const type = node.find('type')?.text()
  const target = (node.find('target') ?? node.reject('a mapping with a target')).text()
  if (type === 'tmpfs') return { type, target, executable: true, ...readTmpfs(node) }
  const readOnly = node.find('read_only')?.boolean() === true && { readOnly: true }
  const source = node.find('source')?.text()
  if (type === 'volume') {
    if (source === undefined) throw node.unsupported(noAnonymousVolumes)
    return { type, source, target, ...readOnly }
  }
  if (type !== 'bind') return node.reject('a mapping with the type "volume", "bind" or "tmpfs"')
  return { type, source: toPath(source ?? node.reject('a mapping with a source')), target, ...readOnly }
}

function readTmpfs(node: ComposeNode): { readonly sizeBytes?: number; readonly mode?: number } {
  const settings = node.find('tmpfs')
  if (settings === undefined) return {}
  settings.checkKeys(['size', 'mode'])
  const [size, mode] = ['size', 'mode'].map((key) => settings.find(key))
  return { ...(size && { sizeBytes: size.integer({ min: 1 }) }), ...(mode && { mode: mode.integer() }) }
}

const noAnonymousVolumes = 'a volume without a name'
