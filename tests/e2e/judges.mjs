// judges.mjs: the vendors' JavaScript SDKs read what axonhub says. A table of questions (JSON, stdin) in, one JSON line each out.
//
//   question  {id, sdk, mode, base, token, model}      mode: raw (the iterator), helper (what accumulates), whole (no stream)
//   answer    {id, text, thinking, calls: [{id, name, arguments}], input, output, finish}   or   {id, error}
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const load = createRequire(`${process.env.AXONHUB_E2E_NODE}/judges.cjs`);
const { Anthropic } = load('@anthropic-ai/sdk');
const OpenAI = load('openai').OpenAI ?? load('openai').default;
const { GoogleGenAI } = load('@google/genai');
const HELLO = [{ role: 'user', content: 'hello' }];
const SCHEMA = { type: 'object', properties: { at: { type: 'string' } } };
const joined = (list) => list.map((each) => each ?? '').join('');

function ofMessage(message) {
  const kind = (type) => message.content.filter((block) => block.type === type);
  return {
    text: joined(kind('text').map((block) => block.text)),
    thinking: joined(kind('thinking').map((block) => block.thinking)),
    calls: kind('tool_use').map(({ id, name, input }) => ({ id, name, arguments: input })),
    input: message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0),
    output: message.usage.output_tokens,
    finish: message.stop_reason,
  };
}

async function anthropic({ mode, base, token, model }) {
  const client = new Anthropic({ baseURL: `${base}/anthropic`, authToken: token, apiKey: null, maxRetries: 0 });
  const ask = { model, max_tokens: 999, messages: HELLO, tools: [{ name: 'look', input_schema: SCHEMA }] };
  if (mode === 'whole') return ofMessage(await client.messages.create(ask));
  if (mode === 'helper') return ofMessage(await client.messages.stream(ask).finalMessage());
  let message;
  for await (const event of await client.messages.create({ ...ask, stream: true })) {
    if (event.type === 'message_start') message = { ...event.message, content: [] };
    if (event.type === 'content_block_start') message.content[event.index] = { ...event.content_block, json: '' };
    if (event.type === 'content_block_delta') {
      const { delta } = event, block = message.content[event.index];
      if (delta.type === 'text_delta') block.text += delta.text;
      if (delta.type === 'thinking_delta') block.thinking += delta.thinking;
      if (delta.type === 'input_json_delta') block.json += delta.partial_json;
    }
    if (event.type === 'content_block_stop' && message.content[event.index].type === 'tool_use')
      message.content[event.index].input = JSON.parse(message.content[event.index].json || '{}');
    if (event.type === 'message_delta') Object.assign(message, event.delta, { usage: { ...message.usage, ...event.usage } });
  }
  return ofMessage(message);
}

function ofCompletion({ choices: [choice], usage }) {
  const { message } = choice;
  return {
    text: message.content ?? '',
    thinking: message.reasoning_content ?? '',
    calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments),
    })),
    input: usage?.prompt_tokens,
    output: usage?.completion_tokens,
    finish: choice.finish_reason,
  };
}

async function chat({ mode, base, token, model }) {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: token, maxRetries: 0 });
  const ask = { model, messages: HELLO, tools: [{ type: 'function', function: { name: 'look', parameters: SCHEMA } }] };
  if (mode === 'whole') return ofCompletion(await client.chat.completions.create(ask));
  const options = { ...ask, stream: true, stream_options: { include_usage: true } };
  if (mode === 'helper') return ofCompletion(await client.chat.completions.stream(options).finalChatCompletion());
  const message = { content: '', reasoning_content: '', tool_calls: [] };
  let finish_reason, usage;
  for await (const chunk of await client.chat.completions.create(options)) {
    usage = chunk.usage ?? usage;
    for (const { delta, finish_reason: reason } of chunk.choices) {
      message.content += delta.content ?? '';
      message.reasoning_content += delta.reasoning_content ?? '';
      for (const { index, id, function: called } of delta.tool_calls ?? []) {
        const call = (message.tool_calls[index] ??= { id, function: { name: called.name, arguments: '' } });
        call.function.arguments += called.arguments ?? '';
      }
      finish_reason = reason ?? finish_reason;
    }
  }
  return ofCompletion({ choices: [{ message, finish_reason }], usage });
}

function ofResponse(response) {
  if (response.status === 'failed') throw new Error(response.error.message);
  const kind = (type) => response.output.filter((item) => item.type === type);
  return {
    text: response.output_text ?? joined(kind('message').flatMap((item) => item.content.map((part) => part.text))),
    thinking: joined(kind('reasoning').flatMap((item) => [...item.summary, ...(item.content ?? [])].map((part) => part.text))),
    calls: kind('function_call').map((call) => ({ id: call.call_id, name: call.name, arguments: JSON.parse(call.arguments) })),
    input: response.usage.input_tokens,
    output: response.usage.output_tokens,
    finish: response.status,
  };
}

async function responses({ mode, base, token, model }) {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: token, maxRetries: 0 });
  const ask = { model, input: 'hello', tools: [{ type: 'function', name: 'look', parameters: SCHEMA, strict: false }] };
  if (mode === 'whole') return ofResponse(await client.responses.create(ask));
  if (mode === 'helper') return ofResponse(await client.responses.stream(ask).finalResponse());
  const output = [];
  let last;
  for await (const event of await client.responses.create({ ...ask, stream: true })) {
    if (event.type === 'response.output_item.done') output[event.output_index] = event.item;
    if (event.response) last = event.response;
  }
  return ofResponse({ ...last, output, output_text: undefined });
}

function ofChunks(chunks) {
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
  const last = chunks.at(-1);
  return {
    text: joined(parts.filter((part) => !part.thought).map((part) => part.text)),
    thinking: joined(parts.filter((part) => part.thought).map((part) => part.text)),
    calls: parts.flatMap(({ functionCall: call }) => (call ? [{ id: call.id, name: call.name, arguments: call.args ?? {} }] : [])),
    input: last.usageMetadata?.promptTokenCount,
    output: (last.usageMetadata?.candidatesTokenCount ?? 0) + (last.usageMetadata?.thoughtsTokenCount ?? 0),
    finish: last.candidates?.[0]?.finishReason,
  };
}

async function gemini({ mode, base, token, model }) {
  const client = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: base } });
  const declaration = { name: 'look', parametersJsonSchema: SCHEMA };
  const config = { tools: [{ functionDeclarations: [declaration] }], thinkingConfig: { includeThoughts: true } };
  if (mode === 'whole') return ofChunks([await client.models.generateContent({ model, contents: 'hello', config })]);
  const talk = client.chats.create({ model, config });
  const stream = mode === 'helper'
    ? await talk.sendMessageStream({ message: 'hello' })
    : await client.models.generateContentStream({ model, contents: 'hello', config });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  if (mode === 'raw') return ofChunks(chunks);
  const said = talk.getHistory(true).filter((content) => content.role === 'model');
  return { ...ofChunks(chunks), ...pick(ofChunks(said.map((content) => ({ candidates: [{ content }] })))) };
}

const pick = ({ text, thinking, calls }) => ({ text, thinking, calls });
const JUDGES = { anthropic, 'openai-chat': chat, 'openai-responses': responses, gemini };

for (const question of JSON.parse(readFileSync(0, 'utf8'))) {
  let answer;
  try {
    answer = await JUDGES[question.sdk](question);
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  console.log(JSON.stringify({ id: question.id, ...answer }));
}
