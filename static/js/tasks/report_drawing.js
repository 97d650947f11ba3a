// Drawing a report: price with averages, bands and signals, volume, RSI, MACD and drawdown, in the colours of the page.

import {
  BaselineSeries,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  createTextWatermark,
  HistogramSeries,
  LineSeries,
  LineStyle,
} from "lightweight-charts";
import {amount} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {coloursOf} from "#js/ui/colours.js";

const AVERAGES = ["ma5", "ma10", "ma20", "ma60"];
const BANDS = ["bollinger_upper", "bollinger_lower"];
const [PRICE, RSI, MACD, DRAWDOWN] = [0, 1, 2, 3];
const SHARES = [5, 1.3, 1.6, 1.3];
const LINE = {lineWidth: 1.5, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false};

/** Draw into an element; returns the chart. */
export function drawReport(element, report, {shown, locale}) {
  const colours = coloursOf(element);
  const chart = createChart(element, frame(colours, locale));
  const {series} = report;
  const of = (values) => values.map((value, index) => ({time: series.days[index], ...(value == null ? {} : {value})}));
  const part = {chart, series, colours, of};
  const candles = drawPrice(part, shown);
  drawOthers(part);
  if (shown.includes("signals")) {
    createSeriesMarkers(candles, report.signals.map(marker(colours)));
  }
  chart.panes().forEach((pane, index) => pane.setStretchFactor(SHARES[index]));
  ["price", "rsi", "macd", "drawdown"].forEach((name, index) =>
    entitle(chart.panes()[index], t(`work.pane_${name}`), colours),
  );
  chart.timeScale().fitContent();
  return chart;
}

function drawPrice({chart, series, colours, of}, shown) {
  const {up, down} = colours;
  const volume = chart.addSeries(HistogramSeries, {
    ...LINE,
    priceScaleId: "volume",
    priceFormat: {type: "custom", formatter: amount},
  });
  chart.priceScale("volume").applyOptions({scaleMargins: {top: 0.84, bottom: 0}, visible: false});
  volume.setData(
    of(series.volume).map((one, index) => ({
      ...one,
      color: colours[series.close[index] >= series.open[index] ? "up-flash" : "down-flash"],
    })),
  );
  const look = {upColor: up, downColor: down, borderVisible: false, wickUpColor: up, wickDownColor: down};
  const candles = chart.addSeries(CandlestickSeries, {...look, priceLineVisible: false}, PRICE);
  candles.setData(
    series.days.map((time, index) => ({
      time,
      open: series.open[index],
      high: series.high[index],
      low: series.low[index],
      close: series.close[index],
    })),
  );
  candles.priceScale().applyOptions({scaleMargins: {top: 0.08, bottom: 0.2}});
  const lines = [...(shown.includes("averages") ? AVERAGES : []), ...(shown.includes("bands") ? BANDS : [])];
  for (const name of lines) {
    const color = colours[name] ?? colours.bollinger;
    chart.addSeries(LineSeries, {...LINE, color}, PRICE).setData(of(series[name]));
  }
  return candles;
}

function drawOthers({chart, series, colours, of}) {
  const rsi = chart.addSeries(LineSeries, {...LINE, color: colours.accent, lastValueVisible: true}, RSI);
  rsi.setData(of(series.rsi));
  for (const bound of [30, 70]) {
    rsi.createPriceLine({
      price: bound,
      color: colours.faint,
      lineWidth: 1,
      lineStyle: LineStyle.Dashed,
      axisLabelVisible: false,
    });
  }
  const bars = chart.addSeries(HistogramSeries, {...LINE}, MACD);
  bars.setData(of(series.macd_histogram).map((one) => ({...one, color: colours[one.value >= 0 ? "up" : "down"]})));
  chart.addSeries(LineSeries, {...LINE, color: colours.ma5}, MACD).setData(of(series.macd));
  chart.addSeries(LineSeries, {...LINE, color: colours.ma20}, MACD).setData(of(series.macd_signal));
  const flash = colours["down-flash"];
  const fill = {
    bottomLineColor: colours.down,
    bottomFillColor1: flash,
    bottomFillColor2: flash,
    topLineColor: colours.faint,
  };
  const percent = {priceFormat: {type: "custom", formatter: (value) => `${value.toFixed(0)}%`}};
  const depth = chart.addSeries(BaselineSeries, {...LINE, ...fill, ...percent, lastValueVisible: true}, DRAWDOWN);
  depth.setData(of(series.drawdown.map((value) => (value == null ? null : value * 100))));
}

/** Signals have the numbers that the table gives them. */
const marker =
  ({accent}) =>
  ({day}, index) => ({time: day, position: "belowBar", shape: "arrowUp", color: accent, text: String(index + 1)});

function entitle(pane, text, {faint}) {
  createTextWatermark(pane, {
    horzAlign: "left",
    vertAlign: "top",
    lines: [{text, color: faint, fontSize: 11}],
  });
}

function frame({panel, ink, faint, line}, locale) {
  return {
    autoSize: true,
    layout: {
      background: {color: panel},
      textColor: faint,
      fontSize: 11,
      fontFamily: getComputedStyle(document.body).fontFamily,
      attributionLogo: false, // the notice stands below
      panes: {separatorColor: line, separatorHoverColor: line, enableResize: false},
    },
    grid: {vertLines: {visible: false}, horzLines: {color: line}},
    crosshair: {vertLine: {color: ink, labelBackgroundColor: ink}, horzLine: {color: ink, labelBackgroundColor: ink}},
    rightPriceScale: {borderVisible: false},
    timeScale: {borderColor: line, fixLeftEdge: true, rightOffset: 3},
    localization: {locale, dateFormat: "yyyy-MM-dd"},
    handleScroll: {mouseWheel: false, vertTouchDrag: false}, // the page scrolls; dragging sideways moves the days
    handleScale: {mouseWheel: false},
  };
}
