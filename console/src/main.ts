import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { applyTheme, followTheme } from "./lib/theme";

applyTheme();
followTheme();
const target = document.getElementById("app");
if (target) mount(App, { target });
