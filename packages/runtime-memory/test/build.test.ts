import { createRuntimeHost, imageTransferCapability, requireCapabilities } from '@capstan/core'
import { expect, it } from 'vitest'
import { memoryPlugin } from '../src/index.js'

it('builds', async () => {
  await using host = createRuntimeHost({
    plugins: [
      memoryPlugin({
        commands: {
          hello: async ({ stdout, env, argv }) => {
            stdout.write(`hello ${env.WHO} ${argv.join(',')}\n`)
            return 0
          },
        },
      }),
    ],
  })
  const scope = await host.open({ runtime: 'memory' })
  const { runtime } = scope
  const lines: string[] = []
  await runtime.buildImage(
    `ARG V=latest
FROM busybox:$V AS base
ARG WHO=you
ENV WHO=\${WHO} B="two words"
WORKDIR /app
COPY . .
RUN echo hi > out.txt && \\
   # comment
   cat out.txt && ls
RUN ["echo", "a b"]
FROM scratch
COPY --from=base /app/out.txt /x/
COPY --chmod=755 hello /
ENV WHO=me
LABEL a.b="c d"
ENTRYPOINT ["/hello"]
CMD ["x"]
`,
    'mine:1',
    {
      context: { files: { hello: '#!bin', 'd/e': 'x' } },
      onProgress: (e) => lines.push(`${e.step}/${e.totalSteps} ${e.stream} ${e.text}`),
    },
  )
  console.log(lines.join('\n'))
  console.log(await runtime.listImages())
  const id = await runtime.createContainer({ image: 'mine:1' })
  await runtime.startContainer(id)
  expect(await runtime.waitContainer(id)).toBe(0)
  expect(Buffer.from(await runtime.containerLogsAll(id)).toString()).toBe('hello me /hello,x\n')
  await runtime.removeContainer(id)
  await expect(runtime.buildImage('FROM busybox\nRUN echo no; exit 9', 'x')).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    facts: { exitCode: 9, lastLines: ['no'] },
  })
  await expect(runtime.buildImage('FROM busybox\nFOO bar', 'x')).rejects.toThrow('line 2: FOO bar')
  const { images } = requireCapabilities(scope, { images: imageTransferCapability })
  const before = await runtime.listImages()
  const chunks = await (await images.saveImage('mine:1')).toArray()
  await runtime.removeImage('mine:1')
  expect(await runtime.imageExists('mine:1')).toBe(false)
  async function* src() {
    yield* chunks
  }
  expect(await images.loadImages(src())).toEqual(['mine:1'])
  expect((await runtime.listImages()).map((i) => i.id)).toEqual(before.map((i) => i.id))
})
