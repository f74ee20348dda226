import { type ImageInspection, imageManagerCapability } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { resolveImage } from '../host/find-image.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toImageFields, toImageText } from '../render/image-fields.js'
import { parseTemplate } from '../render/template.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, CommandModule, SetAction } from './command.js'
import * as history from './history.js'
import * as images from './images.js'
import * as load from './load.js'
import * as pull from './pull.js'
import * as push from './push.js'
import * as rmi from './rmi.js'
import * as save from './save.js'
import * as tag from './tag.js'

/** Defines `capstan image` and its subcommands. All but `inspect` are commands of their own as well. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description('Manages images. The subcommands, except inspect, are commands of their own as well.')
    .addHelpText('after', toExamples({ 'capstan image inspect app:1': 'Show the settings of an image' }))
  const inspect = group
    .command('inspect')
    .summary('Show platform, settings, layers and labels of images')
    .description('Shows platform, settings, layers and labels of images.')
    .argument('<image...>', 'Reference, ID, or prefix of an ID')
    .option('-f, --format <template>', "Print each image by a template such as '{{.Config.Env}}', or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', notes)
  setAction<InspectOptions>(inspect, inspectImages)
  for (const [name, summary, module] of shared) module.define(group.command(name).summary(summary), setAction)
}

const notes = `

The fields of --format are those of docker: Id, RepoTags, RepoDigests, Created,
Author, Architecture, Variant, Os, Size, RootFS (Layers) and Config (Cmd,
Entrypoint, Env, ExposedPorts, Healthcheck, Labels, StopSignal, User, Volumes,
WorkingDir).`

const shared: readonly (readonly [name: string, summary: string, module: CommandModule])[] = [
  ['ls', 'List images', images],
  ['history', 'Show the steps by which an image was created', history],
  ['tag', 'Give an image a further tag', tag],
  ['pull', 'Pull an image from a registry', pull],
  ['push', 'Push an image to its registry', push],
  ['rm', 'Remove one or more images', rmi],
  ['save', 'Write images to a tar archive', save],
  ['load', 'Load images from a tar archive', load],
]

interface InspectOptions {
  readonly format?: string
  readonly json?: boolean
}

async function inspectImages({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { format } = options
  for (const reference of operands) validateImageReference(reference)
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format, '--format')
  await using opened = await openRuntime(invocation, { requires: [imageManagerCapability] })
  const manager = await opened.require(imageManagerCapability)
  const { runtime, runtimeName } = opened.scope
  const inspections: ImageInspection[] = []
  for (const reference of operands) {
    const image = await resolveImage(runtime, reference, { signal })
    inspections.push(await manager.inspectImage(image, { signal }))
  }
  const toFormatted = (image: ImageInspection) => {
    const fields = toImageFields(image)
    return template === undefined ? JSON.stringify(fields) : template.render(fields)
  }
  const text = options.json
    ? toJson({ runtime: runtimeName, images: inspections })
    : format === undefined
      ? inspections.map((image) => toImageText(image)).join('\n')
      : inspections.map((image) => `${toFormatted(image)}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}
